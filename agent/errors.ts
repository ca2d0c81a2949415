/** Coded errors are shared with models/, which must not import agent/. */
export { CodedError, errnoOf, messageOf } from "../models/errors.js";
