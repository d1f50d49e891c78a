import { defineConfig } from "vitest/config";
import { contractTest } from "../provide.ts";

export default defineConfig({ test: contractTest(import.meta.dirname) });
