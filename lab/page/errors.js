/** What went wrong, as one plain sentence for the person that says what to do; `cause` holds what a developer needs. */
export class LabError extends Error {}
