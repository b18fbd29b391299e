export { type ClusterTrialResult, clusterTrials } from './cluster/cluster-trials.ts';
export { findPostgres, type PostgresPrograms } from './find-postgres.ts';
export { type KillOptions, type KillResult, killTrials } from './kill-trials.ts';
export { type PostgresServer, startPostgres } from './postgres-server.ts';
export { openPlace, type StorePlace } from './store-place.ts';
