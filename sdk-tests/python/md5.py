"""The MD5s that SQS answers with, computed by the documented rule: boto3 checks none of them itself, so the tour does."""
import hashlib
import struct


def of_body(body):
    return hashlib.md5(body.encode()).hexdigest()


def of_attributes(attributes):
    """For each attribute by name: length and name, length and type, 1 for text or 2 for bytes, length and value."""
    digest = hashlib.md5()
    for name in sorted(attributes):
        attribute = attributes[name]
        binary = attribute['DataType'].startswith('Binary')
        value = attribute['BinaryValue'] if binary else attribute['StringValue'].encode()
        digest.update(_with_length(name.encode()))
        digest.update(_with_length(attribute['DataType'].encode()))
        digest.update(b'\x02' if binary else b'\x01')
        digest.update(_with_length(value))
    return digest.hexdigest()


def _with_length(data):
    return struct.pack('>I', len(data)) + data
