export { type DefaultLimits, defaultCapabilities, type Isolation } from "./container-body.ts";
export { type DockerEngine, dockerEngine } from "./docker-engine.ts";
export type { PullProgress, RegistryCredentials } from "./images.ts";
export type { DockerEngineOptions } from "./options.ts";
export type { ProxyOptions } from "./proxy/ingress.ts";
export type { WarmPool } from "./sandboxes/pool.ts";
export { type DockerSurvey, type SurveyOptions, surveyDocker } from "./survey.ts";
