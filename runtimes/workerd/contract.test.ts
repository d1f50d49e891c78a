import { inject, test } from "vitest";
import { suite } from "../suite.ts";

for (const { name, skip, run } of suite(inject("contract"))) test.skipIf(skip)(name, run);
