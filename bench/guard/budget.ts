/**
 * Bytes that one message may allocate in its whole life, sent, received and deleted: about a quarter more than was
 * measured when this was last set. A change that goes over it has made every message dearer; one that stays far
 * below deserves a tighter number here.
 */

export const BYTES_PER_LIFECYCLE = {
  /** `broker.send`, `receive` of ten, `delete`, in memory. */
  inProcess: 27_000,
  /** SendMessage, a tenth of a ReceiveMessage, DeleteMessage, over a socket, in memory. */
  http: 45_000,
  /** The same ten at a time: SendMessageBatch, ReceiveMessage, DeleteMessageBatch. */
  httpBatches: 22_500,
} as const
