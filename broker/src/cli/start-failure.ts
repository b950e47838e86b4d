/** Why the broker cannot start, said so that whoever started it can do something about it. */

import { EXIT, Failure } from '../failure.ts'
import { codeOf } from '../http/listen.ts'
import { LogDamage } from '../log/log.ts'

const DIRECTORY_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'is not writable for this user',
  EPERM: 'is not writable for this user',
  EROFS: 'is on a file system that is read-only',
  ENOTDIR: 'is not a directory',
  EEXIST: 'is not a directory',
  ENOSPC: 'is on a file system that is full',
  EDQUOT: 'is over its disk quota',
  EMFILE: 'cannot be opened: this process has too many open files',
  EIO: 'is on a disk that fails to read or write',
}

export function directoryFailure(directory: string, cause: unknown): Failure {
  return new Failure(directorySentence(directory, cause), EXIT.failed, { cause })
}

export function portFailure(host: string, port: number, cause: unknown): Failure {
  return new Failure(portSentence(host, port, cause), EXIT.failed, { cause })
}

function directorySentence(directory: string, cause: unknown): string {
  const reason = DIRECTORY_REASONS[codeOf(cause)]
  if (reason !== undefined) return `The data directory ${directory} ${reason}.`
  const said = cause instanceof Error ? cause.message : String(cause)
  if (cause instanceof LogDamage) {
    return `${sentence(said)} "pabal log verify ${directory}" lists every damage, "pabal log repair" what a repair would lose.`
  }
  // Damage, and a directory that another broker holds, name it themselves.
  return said.includes(directory)
    ? sentence(said)
    : sentence(`The data directory ${directory} cannot be opened: ${said}`)
}

function portSentence(host: string, port: number, cause: unknown): string {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use by another program; --port chooses another.`
    case 'EACCES':
      return `Port ${port} may not be used by this user; --port chooses another.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine; --host chooses another.`
    default:
      return sentence(
        `Pabal cannot listen on ${host} port ${port}: ${cause instanceof Error ? cause.message : cause}`,
      )
  }
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`
}
