/**
 * Loaded before a broker (`node --import`): whatever it connects to, it connects from the address in
 * TEST_SOURCE_ADDRESS, so that a network of a test (network.ts) knows who it is.
 */

import { Socket, type TcpNetConnectOpts } from 'node:net'

const localAddress = process.env['TEST_SOURCE_ADDRESS']
const connect = Socket.prototype.connect as (...args: unknown[]) => Socket

/** The options come as they are, or first in a list that `connect` of node:net has made. */
Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  const given = (Array.isArray(args[0]) ? args[0][0] : args[0]) as TcpNetConnectOpts
  if (localAddress !== undefined && typeof given.port === 'number') given.localAddress = localAddress
  return connect.apply(this, args)
} as typeof Socket.prototype.connect
