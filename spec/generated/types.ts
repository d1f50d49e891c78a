// Made from openapi.yaml by `npm run generate`. Do not edit.
// The wire's shapes as types.
export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell whether the server is alive
         * @description Answers as long as the process can answer at all, also while it shuts down. Needs no key.
         */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell whether the server takes work
         * @description Answers 503 while the server starts or shuts down. Needs no key.
         */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/capabilities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the extensions that the server has
         * @description The names of the extensions that this server understands. A 404 means that it has none and speaks the published API alone; any other failure says nothing about extensions.
         */
        get: operations["getCapabilities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a sandbox
         * @description Accepts a sandbox and answers at once, before it runs; its status tells when it does. A refused request creates
         *     nothing. Without `command` and `args` the image's own entrypoint runs with its standard input held open, so a
         *     shell or an interpreter idles instead of ending.
         *
         *     A volume or snapshot that does not exist is a 404 that names it, a name that was ever used a 409
         *     (`name_taken`), an environment group that does not exist a 400, and what the engine cannot do or enforce a 422.
         */
        post: operations["createSandbox"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sandboxes, newest first
         * @description One page of at most 50 sandboxes, ended ones included, that match every filter given. A page past the end is empty. Give a fixed `end_time` while walking the pages, or new sandboxes shift them.
         */
        get: operations["listSandboxes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count created sandboxes over time
         * @description How many sandboxes that match the filters were created in each of 60 buckets of equal width between `start_time` and `end_time` (by default the last 24 hours), oldest first and without gaps.
         */
        get: operations["countSandboxes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox/lookup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Find a sandbox's id by its name
         * @description Names of ended sandboxes are found too, since they are never given out again.
         */
        get: operations["lookupSandbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        /**
         * Read a sandbox's status
         * @description The sandbox as the server knows it now, also after it ended.
         */
        get: operations["getSandbox"];
        put?: never;
        post?: never;
        /**
         * Terminate a sandbox
         * @description Ends a sandbox that waits or runs; its phase becomes `terminated`. One that already ended stays as it is, and the call succeeds.
         */
        delete: operations["terminateSandbox"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox/{id}/exec": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run a command in a running sandbox
         * @description Waits for the command to end and answers with its output. The command is an argument vector and no shell line. A nonzero exit code is a result and no error. A sandbox that does not run is a 409 whose body carries its `phase`; nothing was started then.
         */
        post: operations["execSandbox"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        /**
         * Read the newest log lines of a sandbox
         * @description Lines of the workload and of the commands run in it, oldest first; when there are more than `limit`, the newest are kept. Logs outlive the sandbox.
         */
        get: operations["getSandboxLogs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox/{id}/metrics-summary": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        /**
         * Read percentiles of a sandbox's CPU and memory use
         * @description The 50th and 90th percentile over the last `since`, beside the limits. `has_data` is false without samples.
         */
        get: operations["getSandboxMetricsSummary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox/{id}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        /**
         * Read one metric of a sandbox over time
         * @description The samples between two times, oldest first; a series without samples when there are none.
         */
        get: operations["getSandboxMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sandbox/{id}/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Keep a running sandbox's file system
         * @description The sandbox keeps running. Mounted volumes are not part of a snapshot. Only a running sandbox can be kept.
         */
        post: operations["createSnapshot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List snapshots, most recent first
         * @description All snapshots, or those of one sandbox. A sandbox that has none, or is not known, has an empty list.
         */
        get: operations["listSnapshots"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/snapshot/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The snapshot's id.
                 * @example snap-0192f0c1c6e7
                 */
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a snapshot
         * @description Sandboxes that were started from it keep running.
         */
        delete: operations["deleteSnapshot"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List volumes
         * @description Every volume that was not deleted.
         */
        get: operations["listVolumes"];
        put?: never;
        /**
         * Create a volume
         * @description The volume starts `pending`; a sandbox that mounts it waits for it by itself. The name is free again once the volume was deleted. No body means an unnamed disk.
         */
        post: operations["createVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volume/lookup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Find a volume's id by its name
         * @description Only volumes that exist are found; a deleted one is not.
         */
        get: operations["lookupVolume"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volume/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        /**
         * Read a volume
         * @description The volume as the server knows it now, with the sandboxes that mount it.
         */
        get: operations["getVolume"];
        put?: never;
        post?: never;
        /**
         * Delete a volume and everything in it
         * @description Refused while a sandbox that waits or runs mounts it.
         */
        delete: operations["deleteVolume"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volume/{id}/files": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        /**
         * List the files under a directory of a volume
         * @description Walks breadth-first from `path` until 1,000 entries were seen, and nests what it found: directories first, each group by name. What the budget left out is marked `truncated`, on the answer and on each directory concerned; list such a directory by itself to go on. With `search`, only entries whose name contains it, in any case, and the directories that lead to them.
         */
        get: operations["listVolumeFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volume/{id}/files/content": {
        parameters: {
            query: {
                /**
                 * @description The file's path within the volume. A leading slash may be left out; `..` is refused.
                 * @example /reports/may.csv
                 */
                path: components["parameters"]["FilePath"];
            };
            header?: never;
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        /**
         * Read a file of a volume
         * @description The file's bytes, or the part that a single `Range` asks for. A header that is not a range, or has several, counts as none. An empty file answers whole, without Content-Range, whatever was asked.
         */
        get: operations["readVolumeFile"];
        /**
         * Write a file of a volume
         * @description Creates missing parents and replaces a file that is there. The file shows only after its last byte: a body that breaks off changes nothing. At most 1 GiB. A body that is a stream cannot be sent twice.
         */
        put: operations["writeVolumeFile"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volume/{id}/files/move": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move or rename a file or directory of a volume
         * @description `to` is the full new path. Its parent must exist, nothing is overwritten, the root does not move, and a directory does not move into itself.
         */
        post: operations["moveVolumeFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What to run. Exactly one of `image` and `snapshot_id` is given; an empty `image` counts as none. */
        SandboxSpec: {
            /** @description The container image, by tag or digest. */
            image?: string;
            /** @description A snapshot to start from, in place of an image. */
            snapshot_id?: string;
            /** @description Lowercase letters, digits and hyphens, a letter or digit at both ends. Unique for ever, also after the sandbox ended. The id when not given. */
            name?: string;
            /** @description Labels to find sandboxes by. A key is not empty and has no `=`. */
            tags?: {
                [key: string]: string;
            };
            /** @description Replaces the image's entrypoint. */
            command?: string[];
            /** @description Arguments for the entrypoint. */
            args?: string[];
            /** @description Environment variables. A name is not empty and has no `=`. They win over those of groups. */
            env?: {
                [key: string]: string;
            };
            /** @description Named groups of environment variables; a later one wins over an earlier one. Each must exist. */
            env_groups?: string[];
            /** @description Volume ids by the absolute path at which each is mounted. */
            volume_mounts?: {
                [key: string]: string;
            };
            /** @description What to expose; one entry. */
            networking?: components["schemas"]["NetworkingEntry"][];
            egress?: components["schemas"]["EgressSpec"];
            resources?: components["schemas"]["ResourceSpec"];
            /** @description Seconds after which the sandbox is terminated, from when it starts running, and from creation while it waits. At most 365 days. For ever when not given. */
            ttl_seconds?: number;
        };
        /** @description A port of the sandbox, and how it is reached. `internal` excludes `domains`. */
        NetworkingEntry: {
            /** @description The port that the workload listens on. */
            port: number;
            /** @description A host name for it; one entry. */
            domains?: components["schemas"]["DomainEntry"][];
            /** @description Reachable within the cluster only. */
            internal?: boolean;
        };
        /** @description A host name under which a port is reached. */
        DomainEntry: {
            /** @description The host name; the server picks one when not given. */
            domain?: string;
            /**
             * @description Who may reach it.
             * @enum {string}
             */
            visibility?: "public" | "private";
        };
        /** @description Where the sandbox may connect to. Without it, the public internet and DNS, and no private network. With it only what it lists; an empty list denies all. */
        EgressSpec: {
            /** @description Host names, `*.domain` (not the domain itself), IP addresses, CIDR ranges, or `name.namespace.svc.cluster.local`. */
            allowed_destinations: string[];
        };
        /** @description Limits of the sandbox. At most 256 cores and 1 TB. */
        ResourceSpec: {
            /** @description Cores, as `2`, `0.5` or `500m`. */
            cpu?: string;
            /** @description Bytes, as `4Gi`, `512Mi`, `1G` or a plain number. */
            memory?: string;
        };
        /** @description A command to run. */
        ExecRequest: {
            /** @description The program and its arguments; no shell interprets them. */
            command: string[];
        };
        /** @description What to keep. */
        SnapshotRequest: {
            /** @description What is kept; `filesystem`, which is also the default. */
            mode?: string;
        };
        /** @description A volume to create. `object` goes with the type `object`, and only with it. */
        VolumeSpec: {
            /** @description As for sandboxes, and unique while the volume lives. The id when not given. */
            name?: string;
            /**
             * @description A file system, or a bucket of an object store.
             * @default disk
             * @enum {string}
             */
            type?: "disk" | "object";
            object?: components["schemas"]["ObjectVolumeSpec"];
        };
        /** @description The bucket behind an object volume. */
        ObjectVolumeSpec: {
            /** @description The bucket's name. */
            bucket: string;
            /** @description Only objects under this prefix. */
            prefix?: string;
            /**
             * @description What sandboxes may do with it.
             * @default read_write
             * @enum {string}
             */
            access?: "read_write" | "read_only" | "write_only_new_files";
        };
        /** @description A move within one volume. */
        MoveRequest: {
            /** @description What to move. */
            from: string;
            /** @description The full new path. */
            to: string;
        };
        /** @description Raw bytes. */
        FileContent: string;
        /** @description Whether the server is alive. */
        HealthResponse: {
            /** @description `ok`. */
            status: string;
        };
        /** @description Whether the server takes work. */
        ReadyResponse: {
            /** @description `ready`. */
            status: string;
            /** @description How many sandboxes wait or run. */
            active_sandboxes: number;
        };
        /** @description What a server has beyond the published API. */
        CapabilitiesResponse: {
            /** @description Names of extensions, `idempotency_keys` and `exec_truncation` among them. */
            extensions: string[];
            /** @description What runs the sandboxes; for people. */
            engine?: string;
        };
        /** @description A sandbox that was accepted. */
        RunResponse: {
            /** @description The sandbox's id. */
            id: string;
            /** @description Its name; the id when none was asked for. */
            name: string;
            /** @description Volume ids by mount path. */
            volume_mounts?: {
                [key: string]: string;
            };
        };
        /**
         * @description Where a sandbox is in its life: `queued`, `creating`, `running`, then `succeeded` (exit code 0), `failed` (another one, or the runtime failed) or `terminated` (by a call, or its TTL).
         * @enum {string}
         */
        StatusResponsePhase: "queued" | "creating" | "running" | "succeeded" | "failed" | "terminated";
        /** @description A sandbox as the server knows it. */
        StatusResponse: {
            /** @description The sandbox's id. */
            id: string;
            /** @description Its name. */
            name: string;
            /** @description The image; empty when it was started from a snapshot. */
            image: string;
            /** @description Its labels. */
            tags?: {
                [key: string]: string;
            };
            phase: components["schemas"]["StatusResponsePhase"];
            /** @description Of the main process; absent when it has not ended or is not known. */
            exit_code?: number;
            /**
             * Format: date-time
             * @description When it was accepted.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When its main process started.
             */
            started_at?: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            finished_at?: string;
            /** @description Where its exposed port answers; empty when nothing is exposed. */
            host: string;
            /** @description Where it answers within the cluster. */
            internal_address?: string;
            /** @description Volume ids by mount path. */
            volume_mounts?: {
                [key: string]: string;
            };
            exec_target?: components["schemas"]["ExecTarget"];
        };
        /** @description The container behind a sandbox. */
        ExecTarget: {
            /** @description The namespace of its pod. */
            namespace: string;
            /** @description The pod. */
            pod_name: string;
            /** @description The container within the pod. */
            container_name: string;
        };
        /** @description One page of sandboxes. */
        StatusList: {
            /** @description Newest first. */
            sandboxes: components["schemas"]["StatusResponse"][];
            pagination: components["schemas"]["Pagination"];
            filter_values?: components["schemas"]["FilterValues"];
        };
        /** @description Where a page stands among the others. */
        Pagination: {
            /** @description Counted from 1. */
            current_page: number;
            /** @description How many pages there are. */
            total_pages: number;
            /** @description Whether another one follows. */
            has_next_page: boolean;
        };
        /** @description What occurs among the sandboxes, for choosing filters. */
        FilterValues: {
            /** @description Tags, as `key=value`. */
            tags: string[];
            /** @description Images. */
            images: string[];
            /** @description Phases. */
            phases: components["schemas"]["StatusResponsePhase"][];
        };
        /** @description How many sandboxes were created, over time. */
        CountsResponse: {
            /** @description Oldest first, without gaps. */
            points: components["schemas"]["CountPoint"][];
            /** @description The width of a bucket, in milliseconds. */
            granularity_ms: number;
        };
        /** @description One bucket. */
        CountPoint: {
            /**
             * Format: date-time
             * @description Its start.
             */
            timestamp: string;
            /** @description How many sandboxes were created in it. */
            count: number;
        };
        /** @description What a name stands for. */
        IdResponse: {
            /** @description The id. */
            id: string;
        };
        /** @description How a command ended, and what it wrote. */
        ExecResponse: {
            /** @description Standard output, as UTF-8 with invalid bytes replaced. */
            stdout: string;
            /** @description Standard error, in the same way. */
            stderr: string;
            /** @description 0 for success. */
            exit_code: number;
            /** @description Whether the server kept only a part of standard output. */
            stdout_truncated?: boolean;
            /** @description Whether the server kept only a part of standard error. */
            stderr_truncated?: boolean;
        };
        /** @description Log lines of a sandbox. */
        LogsResponse: {
            /** @description The sandbox. */
            sandbox_id: string;
            /** @description Oldest first. */
            logs: components["schemas"]["LogLine"][];
        };
        /** @description One line of output. */
        LogLine: {
            /**
             * Format: date-time
             * @description When it was written.
             */
            timestamp: string;
            /** @description The text, without its line end. */
            line: string;
            /**
             * @description How grave it is.
             * @enum {string}
             */
            level: "error" | "warning" | "info";
            /** @description Which command wrote it; empty for the workload itself. */
            exec_id: string;
        };
        /** @description Percentiles of use over a window. A field without a known value is absent or zero. */
        MetricsSummary: {
            /** @description The window's length. */
            window_seconds: number;
            /** @description Whether there were samples. */
            has_data: boolean;
            /** @description Cores used, median. */
            cpu_cores_p50?: number;
            /** @description Cores used, 90th percentile. */
            cpu_cores_p90?: number;
            /** @description Limit, in cores. */
            cpu_limit_cores?: number;
            /** @description Percent of the CPU limit, median. */
            cpu_util_p50_pct?: number;
            /** @description Percent of the CPU limit, 90th percentile. */
            cpu_util_p90_pct?: number;
            /** @description Bytes used, median. */
            mem_bytes_p50?: number;
            /** @description Bytes used, 90th percentile. */
            mem_bytes_p90?: number;
            /** @description Limit, in bytes. */
            mem_limit_bytes?: number;
            /** @description Percent of the memory limit, median. */
            mem_util_p50_pct?: number;
            /** @description Percent of the memory limit, 90th percentile. */
            mem_util_p90_pct?: number;
        };
        /** @description Series of one metric. */
        MetricsResponse: {
            /** @description One result for each metric asked. */
            results: components["schemas"]["MetricResult"][];
        };
        /** @description The series of a metric. */
        MetricResult: {
            /** @description The series, told apart by their labels. */
            series: components["schemas"]["MetricSeries"][];
        };
        /** @description Samples with the same labels. */
        MetricSeries: {
            /** @description What the series is of. */
            labels?: {
                [key: string]: string;
            };
            /** @description What a value counts, `cores` or `bytes` for example. */
            unit?: string;
            /** @description Oldest first. */
            time_series: components["schemas"]["MetricPoint"][];
        };
        /** @description One sample. */
        MetricPoint: {
            /**
             * Format: date-time
             * @description When.
             */
            timestamp_utc: string;
            /** @description How much. */
            value: number;
        };
        /** @description A kept file system. */
        SnapshotResponse: {
            /** @description The snapshot's id. */
            id: string;
            /** @description The sandbox that it was taken of. */
            sandbox_id: string;
            /** @description What is kept: `filesystem`; other values may come. */
            mode: string;
            /** @description `pending`, `ready` or `failed`; other values may come. */
            status: string;
            /** @description When it was asked for. */
            t_created_unix_ms?: number;
            /** @description When it could be used. */
            t_ready_unix_ms?: number;
            /** @description Why it failed. */
            failure_reason?: string;
            /** @description How much it takes up. */
            size_bytes?: number;
        };
        /** @description Snapshots. */
        SnapshotList: {
            /** @description Most recent first. */
            snapshots: components["schemas"]["SnapshotResponse"][];
        };
        /**
         * @description Where a volume is in its life.
         * @enum {string}
         */
        VolumePhase: "pending" | "ready" | "failed";
        /** @description A volume. */
        VolumeResponse: {
            /** @description The volume's id. */
            id: string;
            /** @description Its name; the id when none was asked for. */
            name: string;
            /**
             * @description A file system, or a bucket.
             * @enum {string}
             */
            type: "disk" | "object";
            object?: components["schemas"]["ObjectVolume"];
            /** @description Where its files are kept; empty for an object volume. */
            path: string;
            phase: components["schemas"]["VolumePhase"];
            /** @description Ids of sandboxes that mount it. */
            attached_to: string[];
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
        };
        /** @description The bucket behind an object volume. */
        ObjectVolume: {
            /** @description The bucket's name. */
            bucket: string;
            /** @description Only objects under it. */
            prefix?: string;
            /**
             * @description What sandboxes may do.
             * @enum {string}
             */
            access?: "read_write" | "read_only" | "write_only_new_files";
        };
        /** @description Volumes. */
        VolumeList: {
            /** @description The volumes. */
            volumes: components["schemas"]["VolumeResponse"][];
        };
        /** @description A file or directory of a volume. */
        FileEntry: {
            /** @description Its name, without the path. */
            name: string;
            /**
             * @description Which of the two.
             * @enum {string}
             */
            type: "file" | "directory";
            /** @description Of a file; 0 for a directory. */
            size_bytes: number;
            /**
             * Format: date-time
             * @description When it was last written.
             */
            modified_at?: string;
            /** @description Whether the walk left entries of this directory out. */
            truncated?: boolean;
            /** @description What is in a directory, as far as the walk went. */
            entries?: components["schemas"]["FileEntry"][];
        };
        /** @description A walk through a directory of a volume. */
        FileListing: {
            /** @description Where the walk started. */
            path: string;
            /** @description Directories first, each group by name. */
            entries: components["schemas"]["FileEntry"][];
            /** @description Whether anything was left out. */
            truncated: boolean;
        };
        /** @description Why a request was refused or failed. */
        ErrorResponse: {
            /** @description For people. */
            error: string;
            /** @description A stable name of the reason: `invalid_request`, `unauthenticated`, `not_found`, `method_not_allowed`, `name_taken`, `sandbox_not_running`, `volume_attached`, `destination_exists`, `idempotency_key_reused`, `body_too_large`, `range_not_satisfiable`, `unsupported`, `rate_limited`, `internal`, `shutting_down`. */
            code?: string;
            /** @description The field, parameter or header that the refusal is about. */
            field?: string;
            phase?: components["schemas"]["StatusResponsePhase"];
        };
    };
    responses: {
        /** @description Malformed, or against a rule. The message names the field, its value and the rule. */
        InvalidRequest: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "ttl_seconds: must be a whole number of at least 1 (got -5)",
                 *       "code": "invalid_request",
                 *       "field": "ttl_seconds"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description No API key, or a wrong one. */
        Unauthenticated: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                /**
                 * @description Asks for a bearer token.
                 * @example Bearer
                 */
                "WWW-Authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "the API key is missing or wrong",
                 *       "code": "unauthenticated"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description There is nothing of that id, name or path. */
        NotFound: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "no sandbox has the id sbx-0192f0c1b4d5",
                 *       "code": "not_found"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description The sandbox does not run; `phase` says where it is. */
        SandboxNotRunning: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "sandbox sbx-0192f0c1b4d5 is creating and not running",
                 *       "code": "sandbox_not_running",
                 *       "phase": "creating"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description Something else stands at the destination. */
        DestinationExists: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "to: must not exist (got \"/archive\")",
                 *       "code": "destination_exists",
                 *       "field": "to"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description The body is over its limit (1 MiB of JSON, 1 GiB for a file, unless the server says otherwise). */
        BodyTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "the body is larger than 1048576 bytes",
                 *       "code": "body_too_large"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description Well formed, but the engine cannot do it, cannot enforce it, or not for a volume of this type. */
        Unsupported: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "egress: the engine cannot enforce it",
                 *       "code": "unsupported",
                 *       "field": "egress"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description Too many requests; nothing was done. */
        RateLimited: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "too many requests",
                 *       "code": "rate_limited"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description The server failed. Whether the request took effect is not known. */
        Internal: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "something went wrong in the server",
                 *       "code": "internal"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description The server starts or shuts down; nothing was done. */
        Unavailable: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "the server is shutting down",
                 *       "code": "shutting_down"
                 *     }
                 */
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
    };
    parameters: {
        /**
         * @description The sandbox's id.
         * @example sbx-0192f0c1b4d5
         */
        SandboxId: string;
        /**
         * @description The volume's id.
         * @example vol-0192f0c1a2b3
         */
        VolumeId: string;
        /**
         * @description The file's path within the volume. A leading slash may be left out; `..` is refused.
         * @example /reports/may.csv
         */
        FilePath: string;
        /**
         * @description Makes it safe to repeat the request: for 24 hours the same key with the same body answers what the first one did and creates nothing more. With another body it is a 409 (`idempotency_key_reused`). 1 to 255 visible ASCII characters.
         * @example 5b3b8a8e-2f55-4a2f-8d0d-0f4d7f0a9c11
         */
        IdempotencyKey: string;
        /**
         * @description Only sandboxes created at or after this RFC 3339 time.
         * @example 2026-11-20T00:00:00Z
         */
        StartTime: string;
        /**
         * @description Only sandboxes created before or at this RFC 3339 time.
         * @example 2026-11-21T00:00:00Z
         */
        EndTime: string;
        /**
         * @description Only sandboxes whose name starts with this.
         * @example my-
         */
        NamePrefix: string;
        /**
         * @description `key=value`; repeat it for several tags, which must all match.
         * @example [
         *       "workflow=demo"
         *     ]
         */
        Tag: string[];
        /**
         * @description Only sandboxes in this phase; repeat it for any of several.
         * @example [
         *       "running"
         *     ]
         */
        Phase: components["schemas"]["StatusResponsePhase"][];
        /**
         * @description Only sandboxes of exactly this image.
         * @example python:3.12-slim
         */
        Image: string;
        /**
         * @description Whether to answer with the tags, images and phases that occur among the sandboxes of the time window.
         * @example true
         */
        IncludeFilterValues: boolean;
    };
    requestBodies: never;
    headers: {
        /**
         * @description Names this exchange in logs; the request's own `X-Request-Id` when it had one.
         * @example 7f9c2ba4-e88f-4c3a-9f0e-7d6c1f5b2a10
         */
        RequestId: string;
        /**
         * @description How many seconds to wait before asking again.
         * @example 2
         */
        RetryAfter: string;
        /**
         * @description When the file was last written, as an HTTP date.
         * @example Fri, 20 Nov 2026 09:30:10 GMT
         */
        LastModified: string;
        /**
         * @description Says that single byte ranges are understood.
         * @example bytes
         */
        AcceptRanges: "bytes";
        /**
         * @description Which bytes of how many these are.
         * @example bytes 0-3/11
         */
        ContentRange: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server is alive. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": components["schemas"]["HealthResponse"];
                };
            };
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server takes work. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "active_sandboxes": 3
                     *     }
                     */
                    "application/json": components["schemas"]["ReadyResponse"];
                };
            };
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getCapabilities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the server has beyond the published API. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "extensions": [
                     *         "idempotency_keys",
                     *         "exec_truncation"
                     *       ],
                     *       "engine": "memory"
                     *     }
                     */
                    "application/json": components["schemas"]["CapabilitiesResponse"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createSandbox: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes it safe to repeat the request: for 24 hours the same key with the same body answers what the first one did and creates nothing more. With another body it is a 409 (`idempotency_key_reused`). 1 to 255 visible ASCII characters.
                 * @example 5b3b8a8e-2f55-4a2f-8d0d-0f4d7f0a9c11
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "image": "python:3.12-slim",
                 *       "name": "my-sandbox",
                 *       "tags": {
                 *         "workflow": "demo"
                 *       },
                 *       "volume_mounts": {
                 *         "/mnt/data": "vol-0192f0c1a2b3"
                 *       },
                 *       "ttl_seconds": 3600
                 *     }
                 */
                "application/json": components["schemas"]["SandboxSpec"];
            };
        };
        responses: {
            /** @description The sandbox was accepted. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "sbx-0192f0c1b4d5",
                     *       "name": "my-sandbox",
                     *       "volume_mounts": {
                     *         "/mnt/data": "vol-0192f0c1a2b3"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["RunResponse"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            /** @description The name was used before, or the idempotency key came with another body. */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "name: must not have been used before (got \"my-sandbox\")",
                     *       "code": "name_taken",
                     *       "field": "name"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            413: components["responses"]["BodyTooLarge"];
            422: components["responses"]["Unsupported"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listSandboxes: {
        parameters: {
            query?: {
                /**
                 * @description Only sandboxes created at or after this RFC 3339 time.
                 * @example 2026-11-20T00:00:00Z
                 */
                start_time?: components["parameters"]["StartTime"];
                /**
                 * @description Only sandboxes created before or at this RFC 3339 time.
                 * @example 2026-11-21T00:00:00Z
                 */
                end_time?: components["parameters"]["EndTime"];
                /**
                 * @description Only sandboxes whose name starts with this.
                 * @example my-
                 */
                search?: components["parameters"]["NamePrefix"];
                /**
                 * @description `key=value`; repeat it for several tags, which must all match.
                 * @example [
                 *       "workflow=demo"
                 *     ]
                 */
                tag?: components["parameters"]["Tag"];
                /**
                 * @description Only sandboxes in this phase; repeat it for any of several.
                 * @example [
                 *       "running"
                 *     ]
                 */
                phase?: components["parameters"]["Phase"];
                /**
                 * @description Only sandboxes of exactly this image.
                 * @example python:3.12-slim
                 */
                image?: components["parameters"]["Image"];
                /**
                 * @description Whether to answer with the tags, images and phases that occur among the sandboxes of the time window.
                 * @example true
                 */
                include_filter_values?: components["parameters"]["IncludeFilterValues"];
                /**
                 * @description The page, counted from 1.
                 * @example 2
                 */
                page?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of sandboxes. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sandboxes": [
                     *         {
                     *           "id": "sbx-0192f0c1b4d5",
                     *           "name": "my-sandbox",
                     *           "image": "python:3.12-slim",
                     *           "tags": {
                     *             "workflow": "demo"
                     *           },
                     *           "phase": "running",
                     *           "created_at": "2026-11-20T09:30:00Z",
                     *           "started_at": "2026-11-20T09:30:02Z",
                     *           "host": ""
                     *         }
                     *       ],
                     *       "pagination": {
                     *         "current_page": 1,
                     *         "total_pages": 1,
                     *         "has_next_page": false
                     *       },
                     *       "filter_values": {
                     *         "tags": [
                     *           "workflow=demo"
                     *         ],
                     *         "images": [
                     *           "python:3.12-slim"
                     *         ],
                     *         "phases": [
                     *           "running"
                     *         ]
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["StatusList"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    countSandboxes: {
        parameters: {
            query?: {
                /**
                 * @description Only sandboxes created at or after this RFC 3339 time.
                 * @example 2026-11-20T00:00:00Z
                 */
                start_time?: components["parameters"]["StartTime"];
                /**
                 * @description Only sandboxes created before or at this RFC 3339 time.
                 * @example 2026-11-21T00:00:00Z
                 */
                end_time?: components["parameters"]["EndTime"];
                /**
                 * @description Only sandboxes whose name starts with this.
                 * @example my-
                 */
                search?: components["parameters"]["NamePrefix"];
                /**
                 * @description `key=value`; repeat it for several tags, which must all match.
                 * @example [
                 *       "workflow=demo"
                 *     ]
                 */
                tag?: components["parameters"]["Tag"];
                /**
                 * @description Only sandboxes in this phase; repeat it for any of several.
                 * @example [
                 *       "running"
                 *     ]
                 */
                phase?: components["parameters"]["Phase"];
                /**
                 * @description Only sandboxes of exactly this image.
                 * @example python:3.12-slim
                 */
                image?: components["parameters"]["Image"];
                /**
                 * @description Whether to answer with the tags, images and phases that occur among the sandboxes of the time window.
                 * @example true
                 */
                include_filter_values?: components["parameters"]["IncludeFilterValues"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The buckets. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "points": [
                     *         {
                     *           "timestamp": "2026-11-20T09:00:00Z",
                     *           "count": 4
                     *         },
                     *         {
                     *           "timestamp": "2026-11-20T09:24:00Z",
                     *           "count": 0
                     *         }
                     *       ],
                     *       "granularity_ms": 1440000
                     *     }
                     */
                    "application/json": components["schemas"]["CountsResponse"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    lookupSandbox: {
        parameters: {
            query: {
                /**
                 * @description The sandbox's whole name.
                 * @example my-sandbox
                 */
                name: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The id. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "sbx-0192f0c1b4d5"
                     *     }
                     */
                    "application/json": components["schemas"]["IdResponse"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSandbox: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The status. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "sbx-0192f0c1b4d5",
                     *       "name": "my-sandbox",
                     *       "image": "python:3.12-slim",
                     *       "tags": {
                     *         "workflow": "demo"
                     *       },
                     *       "phase": "succeeded",
                     *       "exit_code": 0,
                     *       "created_at": "2026-11-20T09:30:00Z",
                     *       "started_at": "2026-11-20T09:30:02Z",
                     *       "finished_at": "2026-11-20T09:31:40Z",
                     *       "host": "",
                     *       "volume_mounts": {
                     *         "/mnt/data": "vol-0192f0c1a2b3"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["StatusResponse"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    terminateSandbox: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sandbox does not run any more. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    execSandbox: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "command": [
                 *         "python",
                 *         "-c",
                 *         "print(42)"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ExecRequest"];
            };
        };
        responses: {
            /** @description The command ended. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "stdout": "42\n",
                     *       "stderr": "",
                     *       "exit_code": 0
                     *     }
                     */
                    "application/json": components["schemas"]["ExecResponse"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["SandboxNotRunning"];
            413: components["responses"]["BodyTooLarge"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSandboxLogs: {
        parameters: {
            query?: {
                /**
                 * @description How many lines at most. More than 5000 counts as 5000.
                 * @example 100
                 */
                limit?: number;
                /**
                 * @description How far back, as a Go duration from now (`15m`, `1h30m`), or an RFC 3339 time.
                 * @example 15m
                 */
                since?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The lines. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sandbox_id": "sbx-0192f0c1b4d5",
                     *       "logs": [
                     *         {
                     *           "timestamp": "2026-11-20T09:30:03.120Z",
                     *           "line": "listening",
                     *           "level": "info",
                     *           "exec_id": ""
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LogsResponse"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSandboxMetricsSummary: {
        parameters: {
            query?: {
                /**
                 * @description The window back from now, a Go duration between `3m` and `24h`.
                 * @example 30m
                 */
                since?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The summary. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "window_seconds": 1800,
                     *       "has_data": true,
                     *       "cpu_cores_p50": 0.2,
                     *       "cpu_cores_p90": 0.7,
                     *       "cpu_limit_cores": 2,
                     *       "cpu_util_p50_pct": 10,
                     *       "cpu_util_p90_pct": 35,
                     *       "mem_bytes_p50": 104857600,
                     *       "mem_bytes_p90": 209715200,
                     *       "mem_limit_bytes": 536870912,
                     *       "mem_util_p50_pct": 19.5,
                     *       "mem_util_p90_pct": 39.1
                     *     }
                     */
                    "application/json": components["schemas"]["MetricsSummary"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Unsupported"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getSandboxMetrics: {
        parameters: {
            query: {
                /**
                 * @description Which metric.
                 * @example cpu_cores
                 */
                metric: "cpu_cores" | "mem_bytes" | "network_rx_bytes_per_second" | "network_tx_bytes_per_second";
                /**
                 * @description The oldest sample, an RFC 3339 time. An hour before the end when not given.
                 * @example 2026-11-20T09:00:00Z
                 */
                start_time_utc?: string;
                /**
                 * @description The newest sample, an RFC 3339 time. Now when not given.
                 * @example 2026-11-20T10:00:00Z
                 */
                end_time_utc?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The series. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "results": [
                     *         {
                     *           "series": [
                     *             {
                     *               "labels": {
                     *                 "sandbox_id": "sbx-0192f0c1b4d5"
                     *               },
                     *               "unit": "cores",
                     *               "time_series": [
                     *                 {
                     *                   "timestamp_utc": "2026-11-20T09:30:00Z",
                     *                   "value": 0.2
                     *                 }
                     *               ]
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MetricsResponse"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Unsupported"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createSnapshot: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The sandbox's id.
                 * @example sbx-0192f0c1b4d5
                 */
                id: components["parameters"]["SandboxId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "mode": "filesystem"
                 *     }
                 */
                "application/json": components["schemas"]["SnapshotRequest"];
            };
        };
        responses: {
            /** @description The snapshot, which may still be in the making. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "snap-0192f0c1c6e7",
                     *       "sandbox_id": "sbx-0192f0c1b4d5",
                     *       "mode": "filesystem",
                     *       "status": "ready",
                     *       "t_created_unix_ms": 1795168800000,
                     *       "t_ready_unix_ms": 1795168801200,
                     *       "size_bytes": 1048576
                     *     }
                     */
                    "application/json": components["schemas"]["SnapshotResponse"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["SandboxNotRunning"];
            413: components["responses"]["BodyTooLarge"];
            422: components["responses"]["Unsupported"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listSnapshots: {
        parameters: {
            query?: {
                /**
                 * @description Only snapshots of this sandbox.
                 * @example sbx-0192f0c1b4d5
                 */
                sandbox_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The snapshots. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "snapshots": [
                     *         {
                     *           "id": "snap-0192f0c1c6e7",
                     *           "sandbox_id": "sbx-0192f0c1b4d5",
                     *           "mode": "filesystem",
                     *           "status": "pending"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["SnapshotList"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteSnapshot: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The snapshot's id.
                 * @example snap-0192f0c1c6e7
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The snapshot is gone. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listVolumes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volumes. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "volumes": [
                     *         {
                     *           "id": "vol-0192f0c1a2b3",
                     *           "name": "my-data",
                     *           "type": "disk",
                     *           "path": "sandbox-vol-vol-0192f0c1a2b3",
                     *           "phase": "ready",
                     *           "attached_to": [],
                     *           "created_at": "2026-11-20T09:29:00Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["VolumeList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    createVolume: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "my-data",
                 *       "type": "disk"
                 *     }
                 */
                "application/json": components["schemas"]["VolumeSpec"];
            };
        };
        responses: {
            /** @description The volume. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "vol-0192f0c1a2b3",
                     *       "name": "my-data",
                     *       "type": "disk",
                     *       "path": "sandbox-vol-vol-0192f0c1a2b3",
                     *       "phase": "pending",
                     *       "attached_to": [],
                     *       "created_at": "2026-11-20T09:29:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            /** @description A volume of that name exists. */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "name: must not be another volume's (got \"my-data\")",
                     *       "code": "name_taken",
                     *       "field": "name"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            413: components["responses"]["BodyTooLarge"];
            422: components["responses"]["Unsupported"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    lookupVolume: {
        parameters: {
            query: {
                /**
                 * @description The volume's whole name.
                 * @example my-data
                 */
                name: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The id. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "vol-0192f0c1a2b3"
                     *     }
                     */
                    "application/json": components["schemas"]["IdResponse"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getVolume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "vol-0192f0c1a2b4",
                     *       "name": "my-bucket",
                     *       "type": "object",
                     *       "object": {
                     *         "bucket": "datasets",
                     *         "prefix": "raw/",
                     *         "access": "read_only"
                     *       },
                     *       "path": "",
                     *       "phase": "ready",
                     *       "attached_to": [
                     *         "sbx-0192f0c1b4d5"
                     *       ],
                     *       "created_at": "2026-11-20T09:29:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["VolumeResponse"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    deleteVolume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume is gone. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            /** @description A sandbox mounts the volume. */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "volume vol-0192f0c1a2b3 is attached to sbx-0192f0c1b4d5",
                     *       "code": "volume_attached"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listVolumeFiles: {
        parameters: {
            query?: {
                /**
                 * @description The directory to start from; the root when not given.
                 * @example /reports
                 */
                path?: string;
                /**
                 * @description Part of a file's or directory's name, in any case.
                 * @example invoice
                 */
                search?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The entries. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "path": "/reports",
                     *       "entries": [
                     *         {
                     *           "name": "2026",
                     *           "type": "directory",
                     *           "size_bytes": 0,
                     *           "entries": [
                     *             {
                     *               "name": "may.csv",
                     *               "type": "file",
                     *               "size_bytes": 512,
                     *               "modified_at": "2026-11-20T09:30:10Z"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "truncated": false
                     *     }
                     */
                    "application/json": components["schemas"]["FileListing"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["Unsupported"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    readVolumeFile: {
        parameters: {
            query: {
                /**
                 * @description The file's path within the volume. A leading slash may be left out; `..` is refused.
                 * @example /reports/may.csv
                 */
                path: components["parameters"]["FilePath"];
            };
            header?: {
                /**
                 * @description A single range of bytes: `bytes=0-99`, `bytes=100-` or `bytes=-50` (the last 50).
                 * @example bytes=0-99
                 */
                Range?: string;
            };
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole file. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Last-Modified": components["headers"]["LastModified"];
                    "Accept-Ranges": components["headers"]["AcceptRanges"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example name,total */
                    "application/octet-stream": components["schemas"]["FileContent"];
                };
            };
            /** @description The part that was asked for. */
            206: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Content-Range": components["headers"]["ContentRange"];
                    "Last-Modified": components["headers"]["LastModified"];
                    "Accept-Ranges": components["headers"]["AcceptRanges"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example name */
                    "application/octet-stream": components["schemas"]["FileContent"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            /** @description The range starts past the end of the file. Content-Range gives the size, as `bytes *\/size`. */
            416: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Content-Range": components["headers"]["ContentRange"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Range: must start within the file's 11 bytes (got \"bytes=90-\")",
                     *       "code": "range_not_satisfiable",
                     *       "field": "Range"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            422: components["responses"]["Unsupported"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    writeVolumeFile: {
        parameters: {
            query: {
                /**
                 * @description The file's path within the volume. A leading slash may be left out; `..` is refused.
                 * @example /reports/may.csv
                 */
                path: components["parameters"]["FilePath"];
            };
            header?: never;
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example name,total */
                "application/octet-stream": components["schemas"]["FileContent"];
            };
        };
        responses: {
            /** @description The file is written. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["DestinationExists"];
            413: components["responses"]["BodyTooLarge"];
            422: components["responses"]["Unsupported"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    moveVolumeFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The volume's id.
                 * @example vol-0192f0c1a2b3
                 */
                id: components["parameters"]["VolumeId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "from": "/reports/may.csv",
                 *       "to": "/archive/2026-05.csv"
                 *     }
                 */
                "application/json": components["schemas"]["MoveRequest"];
            };
        };
        responses: {
            /** @description It moved. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["DestinationExists"];
            413: components["responses"]["BodyTooLarge"];
            422: components["responses"]["Unsupported"];
            429: components["responses"]["RateLimited"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
}
