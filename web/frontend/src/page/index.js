/** What every page loads: the styles, htmx, and a few behaviours switched on by attributes. Nothing here is needed to use a page. */
import "htmx.org";

import "../styles/index.css";
import { confirmBeforeActing } from "./confirm.js";
import { guardUnsaved, submitOnce } from "./forms.js";
import { listenToKeys } from "./keys.js";
import { closeMenusOutside } from "./menus.js";
import { watchConnection } from "./offline.js";
import { openOnNarrow } from "./narrow.js";
import { sendToken } from "./token.js";

sendToken();
confirmBeforeActing();
submitOnce();
guardUnsaved();
listenToKeys();
closeMenusOutside();
watchConnection();
openOnNarrow();
