// A failed request. Any other error that is thrown is a bug in the page.
export class Problem extends Error {
  status = 0;
  title = "";
  detail = "";
  /** What it is, for programs; empty if the service did not say. */
  code = "";
  /** @type {{field: string, message: string}[]} */
  errors = [];
  reference = "";
  unreachable = false;
  /** Whether the service itself answered. The gateway or a proxy may answer in its place. */
  byService = true;
  /** Whether an act may have been done: no answer came, or not the service's own. */
  perhapsDone = false;
  /** The name of the act's target. Several buttons may be pressed at once, so the message must name its own. */
  of = "";
  /** How long the API asks to wait, in milliseconds. @type {number | undefined} */
  retryAfter;

  /**
   * @param {{status?: number, title: string, detail?: string, code?: string,
   *   errors?: {field: string, message: string}[], reference?: string, unreachable?: boolean}} problem
   */
  constructor({ status = 0, title, detail = "", code = "", errors = [], reference = "", unreachable = false }) {
    super(detail || title);
    Object.assign(this, { status, title, detail, code, errors, reference, unreachable });
  }

  get isMissing() {
    return this.status === 404 && this.byService;
  }
}

/** @param {unknown} error */
export const isMissing = (error) => error instanceof Problem && error.isMissing;

/** How long the API asks to wait, in milliseconds; 0 if it does not. @param {unknown} error */
export const retryAfter = (error) => (error instanceof Problem && error.retryAfter) || 0;
