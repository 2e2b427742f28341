// The islands of the help center and the desk. Every page works without them; they spare a round
// trip, say mistakes before a form leaves, and stream answers.

import { ask } from "./ask.ts";
import { copy, forms, menus, read, reveal, swap } from "./forms.ts";
import { proofs } from "./proofs.ts";
import { shortcuts, suggest } from "./search.ts";

ask();
forms();
proofs();
swap();
copy(document);
menus();
reveal();
read();
suggest(document);
shortcuts();
