import { expect, it } from "vitest";
import { json } from "../../test/answers.ts";
import { setUp } from "../../test/scripted-client.ts";

/** What `list` makes of what the sandbox says of its jobs. */
async function listed(...lines: string[]) {
  const { porter } = setUp([json({ exit_code: 0, stdout: `${lines.join("\n")}\n`, stderr: "" })]);
  return porter.sandboxes.fromId("sb-1").jobs.list();
}

it("jobs are listed oldest first, and those that nothing is known of before all", async () => {
  const jobs = await listed(
    "c running 1700000003 - - - 0 0",
    "a running 1700000001 - - - 0 0",
    "unknown lost - - - - 0 0",
    "b running 1700000002 - - - 0 0",
  );
  expect(jobs.map(({ id }) => id)).toEqual(["unknown", "a", "b", "c"]);
});

it("a job was killed when its exit code is that of a signal that was sent, and only then", async () => {
  const jobs = await listed(
    "trapped exited 1 7 2 TERM, 0 0",
    "second exited 1 137 2 TERM,KILL, 0 0",
    "unasked exited 1 143 2 - 0 0",
    "other exited 1 143 2 INT, 0 0",
  );
  expect(jobs.map(({ lastStatus }) => [lastStatus?.state, lastStatus?.exit_code, lastStatus?.signal])).toEqual([
    ["exited", 7, undefined],
    ["killed", 137, "SIGKILL"],
    ["exited", 143, undefined],
    ["exited", 143, undefined],
  ]);
});
