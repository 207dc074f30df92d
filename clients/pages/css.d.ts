// esbuild bundles a style that a module imports; to TypeScript it is nothing.
declare module "*.css";
