import { sleep } from "@porter-sandbox/spec";
import type { BashOptions, CommandContext } from "just-bash";
import type { CommandCall, Shell } from "./commands/command.ts";
import { awaitsInput, idle } from "./commands/idling.ts";
import { bytesOf, contentFromStream } from "./memory/content.ts";
import { createFileTree } from "./memory/files.ts";
import { env } from "./shell/environment.ts";
import { bytesFromLatin1, latin1FromBytes, shellFiles } from "./shell/files.ts";
import { type Around, kill, runOwn, setsid } from "./shell/processes.ts";

/** just-bash's own options, but what the sandbox decides. */
export type BashShellOptions = Omit<BashOptions, "fs" | "files" | "env" | "cwd" | "sleep">;

/**
 * A whole shell for a fake, by the optional peer just-bash: `sh -c`, `bash -c` and some hundred commands, on the
 * sandbox's file system with its volumes. Loaded when the first command runs.
 *
 * `setsid -f` starts what goes on by itself, and `kill` ends it; a shell's own `&` does not: just-bash runs such a command
 * at once and to its end.
 *
 * Output arrives when a command ends, not before. The input of a sandbox's main process reads as ended, but for a shell
 * without a script and `cat`, which wait for it as in a container. A kill ends the command at once for who waits for it, and what it does
 * from then on at its next statement.
 *
 * @example
 * ```ts
 * const fake = createFakeSandboxApi({ shell: bashShell() });
 * ```
 */
export function bashShell(options: BashShellOptions = {}): Shell {
  const system = createFileTree(() => 0);
  return {
    async run(call) {
      if (awaitsInput(call)) return idle(call);
      const { Bash, defineCommand } = await loadBash();
      // Two ways in which images stay alive, which it does not have. They end when they are killed.
      const idles = (name: string, isMeant: (args: string[]) => boolean) =>
        defineCommand(name, (args, { origCommand }) => {
          if (origCommand && !isMeant(args)) return origCommand(args);
          return new Promise(() => {});
        });
      const bash = new Bash({
        // It patches globals that Bun needs, and guards a test against itself.
        defenseInDepth: false,
        ...options,
        processInfo: { ...options.processInfo, pid: call.processes.pid },
        fs: shellFiles(call.files, system, call.processes.stat),
        env: { ...call.env },
        cwd: call.cwd,
        customCommands: [
          idles("sleep", (args) => args.includes("infinity")),
          idles("tail", (args) => args.includes("-f") || args.includes("-F")),
          defineCommand("setsid", (args, context) => setsid(call, args, around(context))),
          defineCommand("env", (args, context) => env(call, args, around(context))),
          ...["printenv", "whoami", "tty", "stty"].map((name) =>
            defineCommand(name, (args, context) => runOwn(call, [name, ...args], around(context))),
          ),
          defineCommand("kill", async (args) => kill(call, args)),
          ...(options.customCommands ?? []),
        ],
        sleep: (ms) => sleep(call.clock, ms, call.signal),
      });
      // just-bash reads an input to its end before anything runs.
      const stdin = call.stdin && !call.main ? latin1FromBytes(bytesOf(await contentFromStream(call.stdin))) : "";
      const result = await bash.exec(scriptOf(call.command), {
        stdin,
        stdinKind: "bytes",
        rawScript: true,
        signal: call.signal,
      });
      const isBytes = result.stdoutKind === "bytes" || result.stdoutEncoding === "binary";
      call.stdout(isBytes ? bytesFromLatin1(result.stdout) : result.stdout);
      call.stderr(result.stderr);
      return result.exitCode & 0xff;
    },
  };
}

const around = ({ cwd, exportedEnv = {}, stdin }: CommandContext): Around => ({
  cwd,
  env: exportedEnv,
  stdin: String(stdin),
});

async function loadBash(): Promise<typeof import("just-bash")> {
  try {
    return await import("just-bash");
  } catch (error) {
    throw new Error("bashShell() needs the package just-bash: install it beside @porter-sandbox/testing", {
      cause: error,
    });
  }
}

/** Plain arguments as a line that means exactly them. */
function scriptOf(command: CommandCall["command"]): string {
  return command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
