// The station log: a page that is read; only its frame lives.

import { piece } from './server.js';
import { showCounts, startFrame } from './frame.js';

const bell = startFrame(async () => showCounts(await piece('/manh/nhac-qua-loa-tu-dong'), bell));
