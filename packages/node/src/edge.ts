export * from "@porter-sandbox/edge";
