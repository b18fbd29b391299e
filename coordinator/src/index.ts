export { BuildMissingError } from './http/build-missing-error.ts';
export { ListenError } from './http/listen.ts';
export { type Coordinator, type CoordinatorOptions, startCoordinator } from './main.ts';
export { StorageError } from './storage/storage-error.ts';
