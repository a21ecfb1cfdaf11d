/** Where Debian keeps tools that a user's PATH may lack. */
const FURTHER_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin";

/** The file of an outside tool, or null. */
export function findTool(command: string): string | null {
  return Bun.which(command, { PATH: `${process.env.PATH ?? ""}:${FURTHER_FOLDERS}` });
}

/** One line that tells a person what to do. */
export function missingTool(command: string, debianPackage: string): string {
  return `${command} is missing: apt-get install ${debianPackage}`;
}
