import { type Role, roles } from '@chorale/protocol';
import { Argument, Command, Option } from 'commander';
import { printFields, printJson, printTable } from './print.ts';
import { usingStudies, withSource } from './study-command.ts';
import type { SourceOptions } from './study-source.ts';

type Options = SourceOptions & { json?: true };

const name = (): Argument => new Argument('<NAME>', 'the name that the log will have');

/** `chorale person add`, `list` and `remove`: who may propose and approve studies. */
export function personCommand(): Command {
  const role = new Option('--role <ROLE>', 'what they may do: analysts propose, officers approve').choices(roles);
  const add = withSource(new Command('add').description('add a person and print their token, once').addArgument(name()))
    .addOption(role.makeOptionMandatory())
    .action(async (person: string, { json, role: given, ...source }: Options & { role: Role }) => {
      const { token } = await usingStudies({ ...source, create: true }, (studies) =>
        studies.addPerson({ name: person, role: given }),
      );
      const added = { name: person, role: given, token };
      if (json) printJson(added);
      else printFields(added);
    });

  const list = withSource(new Command('list').description('list the persons of this coordinator')).action(
    async ({ json, ...source }: Options) => {
      const persons = await usingStudies(source, (studies) => studies.listPersons());
      if (json) return printJson({ persons });
      const rows = persons.map((person) => [person.name, person.role, person.addedAt]);
      printTable(['NAME', 'ROLE', 'ADDED'], rows);
    },
  );

  const remove = withSource(
    new Command('remove').description('remove a person: their token opens nothing any more').addArgument(name()),
  ).action(async (person: string, { json, ...source }: Options) => {
    await usingStudies(source, (studies) => studies.removePerson(person));
    if (json) printJson({ name: person, removed: true });
    else process.stdout.write(`${person} is removed\n`);
  });

  return new Command('person')
    .description('persons who may propose, approve and operate')
    .addCommand(add)
    .addCommand(list)
    .addCommand(remove);
}
