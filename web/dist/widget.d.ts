/** What guichet's widget offers to the page that embeds it. */

export interface GuichetOptions {
  /** Language of the widget: one of those the help center offers. Default: the page's, else the browser's. */
  lang?: string;
  /** A name for this site or page, kept with its conversations. */
  site?: string;
  /** The corner at the bottom where the launcher stands. Default: right. */
  position?: "right" | "left";
  /** Distance from that corner, in pixels. Default: 20, 20. */
  offset?: { x?: number; y?: number };
  /** The launcher's words; false shows its icon alone. */
  label?: string | false;
  /** No launcher: the page opens the panel itself. */
  hidden?: boolean;
}

export interface GuichetEvents {
  /** The launcher stands. */
  ready: undefined;
  show: undefined;
  hide: undefined;
  /** How many messages of the team have not been read. */
  unread: number;
  /** The assistant has answered. */
  answer: { id: string; outcome: "answered" | "clarify" | "unknown"; handoff?: "asked" | "complaint" | "fraud" | "special" | "angry" | "loop" };
  feedback: { answer: string; helpful: boolean };
  /** The member has been brought to a person. */
  handoff: { channel: string; ref: string };
  "ticket:created": { ref: string };
  /** The member is known; id is the site's own. */
  identify: { id: string };
  "identify:error": { reason: string };
  error: { reason: string };
}

type Event = keyof GuichetEvents;
type Handler<E extends Event> = (detail: GuichetEvents[E]) => void;

export interface Guichet {
  /** Shows the launcher. Again: changes its options, never adds a second one. */
  (verb: "boot" | "update", options?: GuichetOptions): void;
  /** Forgets every conversation of this browser, and takes the widget away. */
  (verb: "shutdown"): void;
  (verb: "show" | "hide" | "toggle" | "showMessages" | "showTickets" | "handoff"): void;
  /** Opens the panel and asks. */
  (verb: "ask", text: string): void;
  (verb: "showArticle", slug: string): void;
  /** Says who the member is: a token that the site's server signed, or how to get one. getToken is asked
   *  again whenever a session has ended. */
  (verb: "identify", identity: { token?: string; getToken?: () => string | Promise<string> }): void;
  /** The member has signed out: nothing of theirs stays in this browser. */
  (verb: "logout"): void;
  /** Opens the panel with an order or object chosen, by the site's own id. */
  (verb: "attachContext", context: { order_id?: string; object_id?: string; label?: string }): void;
  <E extends Event>(verb: "on" | "off", event: E, handler: Handler<E>): void;
  readonly isOpen: boolean;
  readonly unreadCount: number;
  readonly version: string;
}

declare global {
  interface Window {
    guichet?: Guichet;
    /** Options for a script that boots itself. */
    guichetSettings?: GuichetOptions;
  }
  /** Each event is also a CustomEvent "guichet:<name>" of the document. */
  interface DocumentEventMap {
    "guichet:ready": CustomEvent<undefined>;
    "guichet:show": CustomEvent<undefined>;
    "guichet:hide": CustomEvent<undefined>;
    "guichet:unread": CustomEvent<GuichetEvents["unread"]>;
    "guichet:answer": CustomEvent<GuichetEvents["answer"]>;
    "guichet:feedback": CustomEvent<GuichetEvents["feedback"]>;
    "guichet:handoff": CustomEvent<GuichetEvents["handoff"]>;
    "guichet:ticket:created": CustomEvent<GuichetEvents["ticket:created"]>;
    "guichet:identify": CustomEvent<GuichetEvents["identify"]>;
    "guichet:identify:error": CustomEvent<GuichetEvents["identify:error"]>;
    "guichet:error": CustomEvent<GuichetEvents["error"]>;
  }
}
