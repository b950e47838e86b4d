export interface Defect {
  /** Below broker/src. */
  readonly file: string
  /** What stands there, exactly once, and what is put in its place. */
  readonly find: string
  readonly put: string
}

export const defects: Readonly<Record<string, Defect>> = {}
