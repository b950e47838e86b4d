/**
 * Requests, good and bad, as bytes (one character a byte). Each is sent to our server and to node:http, followed
 * by another request that shows where the server believes this one to end.
 */

/** Joins lines as HTTP wants them. */
export function lines(...parts: readonly string[]): string {
  return parts.join('\r\n')
}

export function post(fields: readonly string[], body: string): string {
  return lines('POST /path?a=b HTTP/1.1', 'Host: a', ...fields, '', body)
}

/** Both servers must read these alike. */
export const COMMON: Readonly<Record<string, string>> = {
  'the least that is allowed': lines('GET / HTTP/1.1', 'Host: a', '', ''),
  'an SDK': lines(
    'POST / HTTP/1.1',
    'content-type: application/x-amz-json-1.0',
    'x-amz-target: AmazonSQS.CreateQueue',
    'x-amzn-query-mode: true',
    'content-length: 21',
    'user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.18.44 lang/js md/nodejs#20.20.2 api/sqs#3.1168.0 m/E,g',
    'host: 127.0.0.1:9324',
    'amz-sdk-request: attempt=1; max=3',
    'authorization: AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
    'Connection: keep-alive',
    '',
    '{"QueueName":"tour-0"}',
  ).replace('content-length: 21', 'content-length: 22'),
  'a query in the target': lines('GET /a/b?Action=ListQueues&x=%20 HTTP/1.1', 'Host: a', '', ''),
  'a body': post(['Content-Length: 5'], 'hello'),
  'an empty body': post(['Content-Length: 0'], ''),
  'a body of all bytes': post(['Content-Length: 256'], String.fromCharCode(...Array(256).keys())),
  'no length and no body': post([], ''),
  'zeros before a length': post(['Content-Length: 0005'], 'hello'),
  'blanks around a value': post(['x-a: \t value \t ', 'Content-Length:  2  '], 'hi'),
  'no blank before a value': post(['x-a:value'], ''),
  'an empty value': post(['x-a:'], ''),
  'names in any case': post(['X-A: 1', 'cOnTeNt-LeNgTh: 2'], 'hi'),
  'a repeated field': post(['x-a: 1', 'X-a: 2'], ''),
  'punctuation in a name': post(["x!#$%&'*+-.^_`|~: 1"], ''),
  'bytes from 0x80 in a value': post(['x-a: gr\xfc\xdfe'], ''),
  chunks: post(['Transfer-Encoding: chunked'], '5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n'),
  'chunks with sizes in any case': post(
    ['transfer-encoding: Chunked'],
    `A\r\n${'x'.repeat(10)}\r\n0b\r\n${'y'.repeat(11)}\r\n0\r\n\r\n`,
  ),
  'no chunk but the last': post(['Transfer-Encoding: chunked'], '0\r\n\r\n'),
  'two requests at once': post(['Content-Length: 2'], 'hi') + post(['Content-Length: 3'], 'you'),
  'an empty line before a request': `\r\n${post(['Content-Length: 2'], 'hi')}`,
  'HTTP/1.0 that wants to go on': lines('GET / HTTP/1.0', 'Connection: keep-alive', '', ''),
  HEAD: lines('HEAD / HTTP/1.1', 'Host: a', '', ''),
  'other methods': ['PUT', 'PATCH', 'DELETE', 'OPTIONS']
    .map((method) => lines(`${method} /x HTTP/1.1`, 'Host: a', 'Content-Length: 1', '', 'x'))
    .join(''),
  'Expect: 100-continue with the body at once': post(['Expect: 100-continue', 'Content-Length: 2'], 'hi'),

  'lines that end in LF alone': 'GET / HTTP/1.1\nHost: a\n\n',
  'one line that ends in LF alone': 'GET / HTTP/1.1\r\nHost: a\nx-a: 1\r\n\r\n',
  'bytes from 0x80 in a target': lines('GET /\xfc HTTP/1.1', 'Host: a', '', ''),
  'a coding twice': post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  'an unknown expectation': post(['Expect: tea', 'Content-Length: 2'], 'hi'),
  'no method': lines(' / HTTP/1.1', 'Host: a', '', ''),
  'no target': lines('GET HTTP/1.1', 'Host: a', '', ''),
  'no version': lines('GET /', 'Host: a', '', ''),
  'another protocol': lines('GET / HTCPCP/1.1', 'Host: a', '', ''),
  'a version of the future': lines('GET / HTTP/1.2', 'Host: a', '', ''),
  'a blank in a method': lines('GE T / HTTP/1.1', 'Host: a', '', ''),
  'a method nobody knows': lines('BREW / HTTP/1.1', 'Host: a', '', ''),
  'a method in lower case': lines('get / HTTP/1.1', 'Host: a', '', ''),
  'bytes of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'no Host': lines('GET / HTTP/1.1', '', ''),
  'a field without colon': post(['x-a'], ''),
  'a field without name': post([': value'], ''),
  'a blank before the colon': post(['x-a : 1'], ''),
  'a blank before the colon of Content-Length': post(['Content-Length : 2'], 'hi'),
  'a tab before the colon': post(['x-a\t: 1'], ''),
  'a folded line': post(['x-a: 1', ' 2'], ''),
  'a folded first line': lines('GET / HTTP/1.1', ' Host: a', '', ''),
  'a NUL in a value': post(['x-a: \0'], ''),
  'a NUL in a name': post(['x-\0: 1'], ''),
  'a control character in a value': post(['x-a: \x01'], ''),
  'DEL in a value': post(['x-a: \x7f'], ''),
  'a CR in a value': post(['x-a: 1\rx-b: 2'], ''),
  'a parenthesis in a name': post(['x(a): 1'], ''),
  'a byte from 0x80 in a name': post(['x\xfc: 1'], ''),
  'Content-Length twice': post(['Content-Length: 2', 'Content-Length: 2'], 'hi'),
  'two different lengths': post(['Content-Length: 2', 'Content-Length: 4'], 'hi'),
  'a list of lengths': post(['Content-Length: 2, 2'], 'hi'),
  'a negative length': post(['Content-Length: -2'], 'hi'),
  'a length with a sign': post(['Content-Length: +2'], 'hi'),
  'a hexadecimal length': post(['Content-Length: 0x2'], 'hi'),
  'a length with a fraction': post(['Content-Length: 2.0'], 'hi'),
  'a length with a blank inside': post(['Content-Length: 1 2'], 'hi'),
  'an empty length': post(['Content-Length: '], 'hi'),
  'a length over every limit': post([`Content-Length: ${'9'.repeat(30)}`], 'hi'),
  'length and coding': post(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  'coding and length': post(['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'),
  'an unknown coding': post(['Transfer-Encoding: gzip'], '0\r\n\r\n'),
  'chunked before another coding': post(['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n'),
  'chunked with something after it': post(['Transfer-Encoding: chunkedx'], '0\r\n\r\n'),
  'chunked in quotes': post(['Transfer-Encoding: "chunked"'], '0\r\n\r\n'),
  'a chunk size that is no number': post(['Transfer-Encoding: chunked'], 'g\r\nhello\r\n0\r\n\r\n'),
  'no chunk size': post(['Transfer-Encoding: chunked'], '\r\nhello\r\n0\r\n\r\n'),
  'a negative chunk size': post(['Transfer-Encoding: chunked'], '-5\r\nhello\r\n0\r\n\r\n'),
  'a chunk size with 0x': post(['Transfer-Encoding: chunked'], '0x5\r\nhello\r\n0\r\n\r\n'),
  'a chunk size that overflows': post(
    ['Transfer-Encoding: chunked'],
    `${'f'.repeat(17)}\r\nhello\r\n0\r\n\r\n`,
  ),
  'a chunk longer than its size': post(['Transfer-Encoding: chunked'], '4\r\nhello\r\n0\r\n\r\n'),
  'a chunk shorter than its size': post(['Transfer-Encoding: chunked'], '6\r\nhello\r\n0\r\n\r\n'),
  'a bare LF after a chunk size': post(['Transfer-Encoding: chunked'], '5\nhello\r\n0\r\n\r\n'),
  'a bare LF after a chunk': post(['Transfer-Encoding: chunked'], '5\r\nhello\n0\r\n\r\n'),
  'a head of 20 KiB': post([`x-a: ${'a'.repeat(20_480)}`], ''),
}

/** Must be read alike too, but alone: node:http gives up on a connection with anything behind these. */
export const LAST: Readonly<Record<string, string>> = {
  'HTTP/1.0, which closes': lines('GET / HTTP/1.0', '', ''),
  'Connection: close': post(['Connection: close'], ''),
  'Connection: close among others': post(['Connection: x-a, Close'], ''),
  'an upgrade that nobody takes up': post(
    ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
    '',
  ),
}

/** We refuse what node:http takes. What it takes them for is not asked: nobody who means well sends them. */
export const STRICTER: Readonly<Record<string, string>> = {
  'two blanks before the version': lines('GET /  HTTP/1.1', 'Host: a', '', ''),
  'several empty lines before a request': `\r\n\r\n${post([], '')}`,
  'an LF before a request': `\n${post([], '')}`,
  'Host twice': post(['Host: b'], ''),
  'an empty Host': lines('GET / HTTP/1.1', 'Host:', '', ''),
  'a Host that no URL can have': lines('GET / HTTP/1.1', 'Host: a/b', '', ''),
  'a target with a host': lines('GET http://a/ HTTP/1.1', 'Host: a', '', ''),
  'a target that is no path': lines('OPTIONS * HTTP/1.1', 'Host: a', '', ''),
  'methods that have no place here': lines('PURGE / HTTP/1.1', 'Host: a', '', ''),
  'two codings': post(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
  'a coding with HTTP/1.0': lines(
    'POST / HTTP/1.0',
    'Connection: keep-alive',
    'Transfer-Encoding: chunked',
    '',
    '0\r\n\r\n',
  ),
  'a chunk extension': post(['Transfer-Encoding: chunked'], '5;a=b\r\nhello\r\n0\r\n\r\n'),
  'a trailer': post(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\nx-a: 1\r\n\r\n'),
  'many zeros before a chunk size': post(['Transfer-Encoding: chunked'], '000000005\r\nhello\r\n0\r\n\r\n'),
}
