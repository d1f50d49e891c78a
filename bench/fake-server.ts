// The fake on a port, in a process of its own, for what needs a server that really runs commands.
import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { listen } from "@porter-sandbox/testing/node";

const { url } = await listen(createFakeSandboxApi());
process.send?.(url);
// The benchmark that started this is gone: so is the reason to stay.
process.on("disconnect", () => process.exit(0));
