/**
 * Does something at once, and when it is wanted again soon, only every so often: each time costs the page's thread.
 */

export const PACE_MS = 100; // ten times a second is as often as people can read

export class Paced {
  #isWanted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => void} run */
  constructor(run) {
    this.run = run;
  }

  want() {
    if (this.#timer === undefined) this.#run();
    else this.#isWanted = true;
  }

  #run() {
    this.#isWanted = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isWanted) this.#run();
    }, PACE_MS);
    this.run();
  }
}
