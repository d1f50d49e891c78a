/**
 * How what this product makes is marked, so that nothing else is ever touched: everything carries the installation's
 * label, and names are made from the installation and the id.
 */

export const label = {
  installation: "io.porter-sandbox.installation",
  kind: "io.porter-sandbox.kind",
  id: "io.porter-sandbox.id",
  /** What a sandbox exposes, as JSON; empty for nothing. */
  ingress: "io.porter-sandbox.ingress",
} as const;

/**
 * - `sandbox`: the container that runs a workload; `holder`: the container whose network namespace it uses
 * - `pool`: a container that waits to be a sandbox; once it is one, it has a sandbox's name, since labels cannot change
 * - `files`: a helper that works on one volume's files; `kill`: a helper that ends an exec's processes
 * - `volume`, `snapshot`; `deleted`: the mark of a volume that was deleted while an ended sandbox still refers to it
 */
export type Kind = "sandbox" | "pool" | "holder" | "files" | "kill" | "volume" | "deleted" | "snapshot";

export interface Names {
  readonly installation: string;
  labels(kind: Kind, id: string): Record<string, string>;
  /** The `filters` of a list that shows only what is ours, of one kind, of one id. */
  filters(kind?: Kind, id?: string): { label: string[] };
  container(kind: "sandbox" | "pool" | "holder" | "files" | "kill", id: string): string;
  /** The sandbox whose container has one of these names, as the engine lists them. */
  sandboxOf(containerNames: readonly string[] | null | undefined): string | undefined;
  volume(id: string): string;
  deletedMark(id: string): string;
  /** The repository of snapshots; the tag is the snapshot's id. */
  readonly snapshotRepository: string;
  snapshot(id: string): string;
  readonly network: string;
}

/** @throws Error when `installation` is no lowercase name. */
export function namesOf(installation: string): Names {
  if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(installation)) {
    throw new Error(
      `installation: must be 1 to 40 lowercase letters, digits and hyphens, with none at either end (got ${JSON.stringify(installation)})`,
    );
  }
  const prefix = `porter-sandbox-${installation}`;
  return {
    installation,
    labels: (kind, id) => ({ [label.installation]: installation, [label.kind]: kind, [label.id]: id }),
    filters: (kind, id) => ({
      label: [
        `${label.installation}=${installation}`,
        ...(kind === undefined ? [] : [`${label.kind}=${kind}`]),
        ...(id === undefined ? [] : [`${label.id}=${id}`]),
      ],
    }),
    container: (kind, id) => `${prefix}.${kind}.${id}`,
    sandboxOf(containerNames) {
      const start = `/${prefix}.sandbox.`;
      return containerNames?.find((name) => name.startsWith(start))?.slice(start.length);
    },
    volume: (id) => `${prefix}.volume.${id}`,
    deletedMark: (id) => `${prefix}.deleted.${id}`,
    snapshotRepository: `${prefix}-snapshot`,
    snapshot: (id) => `${prefix}-snapshot:${id}`,
    network: prefix,
  };
}
