/** `import path from "…" with { type: "file" }`: the file's path, on disk or inside the executable. */
declare module "*.css" {
  const path: string;
  export default path;
}
declare module "*.js" {
  const path: string;
  export default path;
}
declare module "*.svg" {
  const path: string;
  export default path;
}
declare module "*.txt" {
  const path: string;
  export default path;
}
