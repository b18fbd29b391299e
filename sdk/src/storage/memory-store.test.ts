import { describe, test } from 'vitest';
import { deviceStoreContract } from './device-store-contract.ts';
import { MemoryDeviceStore } from './memory-store.ts';

describe('the store of simulated employees', () => {
  for (const { rule, check } of deviceStoreContract) test(rule, () => check(new MemoryDeviceStore()));
});
