// Everything the pages need of script. Each module looks for its own marks in the page; none knows another's.
import './fetch.js';
import 'htmx.org';
import './requests.js';
import './toast.js';
import './copy.js';
import './print.js';
import './password.js';
import './forms.js';
import './dialog.js';
import './menu.js';
import './sections.js';
import './table.js';
import './select.js';
import './items.js';
import './condition.js';
import './keys.js';
import './session.js';
