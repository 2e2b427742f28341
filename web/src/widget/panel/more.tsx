// The parts of the panel that come later.

export { Article, Articles } from "./articles.tsx";
export { Conversation } from "./conversation.tsx";
export { Handoff } from "./handoff.tsx";
export { attach, Picker } from "./picker.tsx";
export { Tickets } from "./tickets.tsx";
