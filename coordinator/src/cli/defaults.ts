import { readSetting } from './setting.ts';
import { startSettings } from './start-settings.ts';

/** The data folder of commands that are not told one. */
export function defaults(): { data: string } {
  return { data: readSetting(startSettings.data, undefined, process.env) };
}
