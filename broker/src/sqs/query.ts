/**
 * The Query protocol: parameters in, XML out. Old SDKs and shell clients speak it, to the endpoint or to a queue's
 * URL, with GET or with a form, in any order of parameters and with any that the action does not know.
 */

import type { HttpRequest, HttpResponse } from '../http/exchange.ts'
import type { ActionName } from './api.ts'
import { decodeBase64 } from './base64.ts'
import { invalidAction, invalidParameter, missingParameter, queryText, SqsError } from './errors.ts'
import { inputs, isAction, type MapShape, outputs, type Shape, type StructureShape } from './model.ts'
import { child, numbered, type Parameter, readParameters } from './parameters.ts'
import { type Call, call, type Protocol, REQUEST_ID_HEADER } from './protocol.ts'
import { element, escapeXml, queryJson, xmlMembers } from './xml.ts'

const NAMESPACE = 'http://queue.amazonaws.com/doc/2012-11-05/'
const DECLARATION = '<?xml version="1.0"?>'

export const queryProtocol: Protocol = { read: readCall, success: xmlSuccess, failure: xmlFailure }

/** For a Query client that sends `Accept: application/json`. */
export const queryJsonProtocol: Protocol = { read: readCall, success: jsonSuccess, failure: jsonFailure }

function readCall(request: HttpRequest, addressed: string | undefined): Call {
  const parameters = readParameters(request)
  const action = child(parameters, 'Action')?.value
  if (action === undefined) throw actionMissing(parameters)
  if (!isAction(action)) throw invalidAction(action)
  if (addressed !== undefined && !isValidAtQueue(action)) throw invalidAction(action)
  return call(action, decodeStructure(inputs[action], parameters, ''), addressed)
}

function actionMissing(parameters: Parameter): SqsError {
  if (parameters.children === undefined)
    return new SqsError('UnknownOperationException', 'No operation is named.')
  return new SqsError('MissingActionException', 'The request must contain the parameter Action.')
}

function isValidAtQueue(action: ActionName): boolean {
  return action !== 'CreateQueue' && action !== 'ListQueues'
}

/** `path`: the parameter's full name, for texts. */
export function decodeStructure(
  shape: StructureShape,
  parameter: Parameter,
  path: string,
): Record<string, unknown> {
  const decoded: Record<string, unknown> = {}
  for (const member of shape.members) {
    const found = memberParameter(parameter, member.name, member.shape)
    if (found === undefined) continue
    const value = decode(member.shape, found, path === '' ? member.name : `${path}.${member.name}`)
    if (value !== undefined) decoded[member.name] = value
  }
  return decoded
}

/** A list or map is looked for under its flattened name, and under its own: `Tags.1.Key` (Java), `Entries=` (boto3). */
function memberParameter(parent: Parameter, name: string, shape: Shape): Parameter | undefined {
  if (shape.type !== 'list' && shape.type !== 'map') return child(parent, name)
  return child(parent, shape.query) ?? child(parent, name)
}

function decode(shape: Shape, parameter: Parameter, path: string): unknown {
  switch (shape.type) {
    case 'list':
      return numbered(parameter)
        .map((item) => decode(shape.item, item, shape.query))
        .filter((item) => item !== undefined)
    case 'map':
      return decodeMap(shape, parameter)
    case 'structure':
      return decodeStructure(shape, parameter, path)
    case 'string':
      return parameter.value
    case 'blob':
      return decodeBlob(parameter.value, path)
    case 'integer':
      return decodeInteger(parameter.value, path)
    case 'boolean':
      return parameter.value === 'true'
  }
}

const EMPTY: Parameter = { value: '', children: undefined }

function decodeMap(shape: MapShape, parameter: Parameter): object {
  const entries = numbered(parameter).map((entry) => {
    const key = child(entry, shape.key)?.value
    if (key === undefined) throw missingParameter(`${shape.query}.${shape.key}`)
    const value = child(entry, 'Value') ?? EMPTY
    // A parameter such as `Attribute.1.Value.x` has something below it and no text itself.
    return [key, decode(shape.value, value, `${shape.query}.Value`) ?? ''] as const
  })
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries(entries)
}

function decodeBlob(text: string | undefined, path: string): Uint8Array | undefined {
  if (text === undefined) return undefined
  const bytes = decodeBase64(text)
  if (bytes === undefined) throw invalidParameter(path, text, 'Must be base64.')
  return bytes
}

function decodeInteger(text: string | undefined, path: string): number | undefined {
  if (text === undefined || text === '') return undefined
  if (!/^[+-]?\d{1,15}$/.test(text)) throw invalidParameter(path, text, 'Must be an integer.')
  return Number(text)
}

function respond(status: number, contentType: string, body: string, requestId: string): HttpResponse {
  return { status, contentType, headers: [[REQUEST_ID_HEADER, requestId]], body }
}

function xmlSuccess(action: ActionName, output: object, requestId: string): HttpResponse {
  const shape = outputs[action]
  const result = shape.members.length === 0 ? '' : element(`${action}Result`, xmlMembers(shape, output))
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`
  const body = `${DECLARATION}<${action}Response xmlns="${NAMESPACE}">${result}${metadata}</${action}Response>`
  return respond(200, 'text/xml', body, requestId)
}

function xmlFailure(error: SqsError, requestId: string): HttpResponse {
  return respond(error.status, 'text/xml', xmlError(error, requestId), requestId)
}

function xmlError(error: SqsError, requestId: string): string {
  if (error.shape === 'UnknownOperationException') return '<UnknownOperationException/>'
  return (
    `${DECLARATION}<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${faultOf(error)}</Type>` +
    `<Code>${error.code}</Code><Message>${escapeXml(queryText(error))}</Message><Detail/></Error>` +
    `<RequestId>${requestId}</RequestId></ErrorResponse>`
  )
}

function jsonSuccess(action: ActionName, output: object, requestId: string): HttpResponse {
  const shape = outputs[action]
  const answer = {
    [`${action}Response`]: {
      ...(shape.members.length > 0 && { [`${action}Result`]: queryJson(shape, output) }),
      ResponseMetadata: { RequestId: requestId },
    },
  }
  return respond(200, 'application/json', JSON.stringify(answer), requestId)
}

function jsonFailure(error: SqsError, requestId: string): HttpResponse {
  const answer = {
    Error: { Type: faultOf(error), Code: error.code, Message: queryText(error) },
    RequestId: requestId,
  }
  return respond(error.status, 'application/json', JSON.stringify(answer), requestId)
}

function faultOf(error: SqsError): 'Sender' | 'Receiver' {
  return error.senderFault ? 'Sender' : 'Receiver'
}
