import { test } from "bun:test";
import { readContract } from "../provide.ts";
import { suite } from "../suite.ts";

for (const { name, skip, run } of suite(readContract(process.env.CONTRACT))) test.skipIf(skip)(name, run);
