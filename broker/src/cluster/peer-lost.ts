import { Unavailable } from '../shard/unavailable.ts'

/** Another broker was asked and has not answered: what may be asked twice can be asked again. */
export class PeerLost extends Unavailable {}
