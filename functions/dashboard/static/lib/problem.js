// What became of a request that did not succeed. Anything else that is thrown is a mistake of the page.
export class Problem extends Error {
  status = 0;
  title = "";
  detail = "";
  /** @type {{field: string, message: string}[]} */
  errors = [];
  reference = "";
  unreachable = false;
  /** Whether the service said so. The gateway, or a proxy before it, may answer for it. */
  byService = true;
  /** Of an act: no answer came, or not the service's own. */
  perhapsDone = false;
  /** The name of what was to be acted on, for words that do not stand beside it. */
  of = "";
  /** Milliseconds after which the API asks to try again. @type {number | undefined} */
  retryAfter;

  /** @param {{status?: number, title: string, detail?: string, errors?: {field: string, message: string}[],
   *   reference?: string, unreachable?: boolean}} problem */
  constructor({ status = 0, title, detail = "", errors = [], reference = "", unreachable = false }) {
    super(detail || title);
    Object.assign(this, { status, title, detail, errors, reference, unreachable });
  }

  get isMissing() {
    return this.status === 404 && this.byService;
  }
}

/** @param {unknown} error */
export const isMissing = (error) => error instanceof Problem && error.isMissing;

/** For how many milliseconds the API asks not to try again. @param {unknown} error */
export const retryAfter = (error) => (error instanceof Problem && error.retryAfter) || 0;
