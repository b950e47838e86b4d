/**
 * The bytes of SQS requests as the AWS SDK for JavaScript v3 sends them: fourteen headers, a signature that nobody
 * checks but everybody has to read. A head is made once for each action and length of a body.
 */

const DIGITS = '0'.repeat(64)

export class RequestWriter {
  readonly #host: string
  readonly #heads = new Map<string, string>()

  constructor(port: number) {
    this.#host = `127.0.0.1:${port}`
  }

  /** `json` is ASCII. */
  request(action: string, json: string): string {
    const key = `${action} ${json.length}`
    let head = this.#heads.get(key)
    if (head === undefined) {
      head = this.#head(action, json.length)
      this.#heads.set(key, head)
    }
    return head + json
  }

  #head(action: string, bytes: number): string {
    return [
      'POST / HTTP/1.1',
      'content-type: application/x-amz-json-1.0',
      `x-amz-target: AmazonSQS.${action}`,
      'x-amzn-query-mode: true',
      `content-length: ${bytes}`,
      'x-amz-user-agent: aws-sdk-js/3.1168.0',
      'user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.18.44 lang/js md/nodejs#20.20.2 api/sqs#3.1168.0 m/E,g',
      `host: ${this.#host}`,
      'amz-sdk-invocation-id: 5fea7756-0ea4-451a-a703-a558b933e274',
      'amz-sdk-request: attempt=1; max=3',
      'x-amz-date: 20261122T130000Z',
      `x-amz-content-sha256: ${DIGITS}`,
      'authorization: AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/sqs/aws4_request, ' +
        'SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;' +
        `x-amz-date;x-amz-target;x-amz-user-agent;x-amzn-query-mode, Signature=${DIGITS}`,
      'Connection: keep-alive',
      '\r\n',
    ].join('\r\n')
  }
}
