/** Between two looks at how far something is. */
const BAR_EVERY_MS = 100;
const LINE_EVERY_MS = 1_000;
const BAR_CHARS = 24;
const CLEAR_LINE = "\r\u001b[2K";

/** Lines on stdout and stderr, among them a bar on stderr that goes away before the next line. */
export function createTerminal(
  err: Pick<NodeJS.WriteStream, "write" | "isTTY"> = process.stderr,
  lines: Pick<Console, "log" | "error"> = console,
) {
  const hasBar = err.isTTY === true;
  let isShown = false;
  const clear = () => {
    if (isShown) err.write(CLEAR_LINE);
    isShown = false;
  };
  return {
    clear,
    print(line: string): void {
      clear();
      lines.log(line);
    },
    tell(line: string): void {
      clear();
      lines.error(line);
    },
    progress: {
      everyMs: hasBar ? BAR_EVERY_MS : LINE_EVERY_MS,
      show(share: number, text: string): void {
        const percent = `${Math.floor(share * 100)} %`;
        if (!hasBar) {
          lines.error(`${text} (${percent})`);
          return;
        }
        const full = Math.floor(share * BAR_CHARS);
        err.write(`${CLEAR_LINE}${"█".repeat(full)}${"░".repeat(BAR_CHARS - full)} ${percent}  ${text}`);
        isShown = true;
      },
    },
  };
}
