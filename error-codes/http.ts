import { chapter, failed, wrong } from "./chapter.js";

const SEE_API = "See agent/http/openapi.yaml for what is there.";

export const httpCodes = chapter("HTTP", "docs/http.md", {
  BROKER_AWAY: failed("The agent is not ready: there is no connection to the broker.", "See the agent's log for why."),
  CAMERA_NOT_DELIVERING: failed(
    "The agent is not ready: an enabled camera delivers no frames that can be judged.",
    "The reason is in the answer, and in the camera's state.",
  ),
  HTTP_BAD_REQUEST: failed("The request is malformed.", SEE_API),
  HTTP_BODY_TOO_LARGE: failed("The request's body is too large.", SEE_API),
  HTTP_CAMERA_DISABLED: failed("The camera is disabled: it has no pictures.", "Enable it first."),
  HTTP_CAMERA_UNKNOWN: failed("There is no camera of this name.", "See /api/cameras for the names."),
  HTTP_EVIDENCE_NONE: failed("There is no picture of this alert, or none any more.", "See evidence.keepDays."),
  HTTP_FAILED: failed("HTTP cannot listen.", "Check http.host."),
  HTTP_HEADERS_TOO_LARGE: failed("The request's headers are too large.", "Send fewer of them."),
  HTTP_HOST_UNKNOWN: failed(
    "The agent does not answer to the host name of the request.",
    "Ask for this machine's own name, or add the name to http.names.",
  ),
  HTTP_INSPECT_BUSY: failed(
    "As many pictures wait to be judged as may.",
    "Send it again after Retry-After; send one after the other.",
  ),
  HTTP_INSPECT_UNKNOWN: failed(
    "There is neither a camera nor a model of this name.",
    "See cameras and models in the configuration for the names.",
  ),
  HTTP_INTERNAL: failed("The agent could not answer.", "Its log says why."),
  HTTP_LOOKS_ONLY: failed(
    "The token, or the session, is of those who may look and not act.",
    "Show the token of http.tokenFile; the live view asks for it again once its session is ended.",
  ),
  HTTP_MEDIA_TYPE: failed("The request's body is of a kind that is not taken.", SEE_API),
  HTTP_MODEL_AWAY: failed(
    "The model that is to judge a picture is not loaded.",
    "Wait until it is; a model is loaded while an enabled camera uses it. The camera's state says what is wrong with it.",
  ),
  HTTP_NOT_FOUND: failed("There is nothing at this address.", SEE_API),
  HTTP_PARAMETER_INVALID: failed("A parameter of the request is not of its form.", SEE_API),
  HTTP_ORIGIN_REFUSED: failed(
    "A web page of another origin asked for something to be done.",
    "Have a server of yours ask instead of the page.",
  ),
  HTTP_ORIGIN_UNPROVEN: failed(
    "The request would act, and shows neither a token nor that the agent's own page asks.",
    "Set http.tokenFile and send its token; without one send the agent's own address as Origin.",
  ),
  HTTP_PICTURE_TOO_LARGE: failed("The picture has too many pixels.", "Scale it down; the model sees far fewer."),
  HTTP_PORT_FORBIDDEN: failed("This user may not listen on the port.", "Choose one above 1023."),
  HTTP_PORT_TAKEN: failed("Another program has the port.", "Free the port, or set http.port."),
  HTTP_REQUEST_TIMEOUT: failed("The request took too long to arrive.", "Send it in one piece."),
  HTTP_SESSION_NONE: failed("There is no session to end.", "Nothing is to be done."),
  HTTP_STOPPING: failed("The agent is stopping.", "Ask again when it runs."),
  HTTP_STREAMS_FULL: failed("As many clients look on as are allowed.", "Close one, or raise http.maxStreams."),
  HTTP_STREAM_PICTURE: failed("A picture of the live view could not be encoded.", "Report this with the reason."),
  HTTP_TOKENS_ALIKE: wrong(
    "Those who may look and those who may act show the same token.",
    "Write another one into http.viewTokenFile: openssl rand -hex 32",
  ),
  HTTP_TOKEN_INVALID: wrong("The token is too short or not of its form.", "Make one with: openssl rand -hex 32"),
  HTTP_TOKEN_UNREADABLE: wrong(
    "The file of the token cannot be read.",
    "Point http.tokenFile to a file that this user may read.",
  ),
  HTTP_TOO_MANY_FAILURES: failed(
    "Too many wrong tokens came from this address.",
    "Wait as long as Retry-After says, then send the right one.",
  ),
  HTTP_TOO_MANY_SESSIONS: failed(
    "Too many sessions begin at this address.",
    "Wait for Retry-After; keep the cookie of a session instead of beginning another.",
  ),
  HTTP_UNAUTHORIZED: failed("The request shows no token, or a wrong one.", "Send Authorization: Bearer <token>."),
  HTTP_URL_TOO_LONG: failed("A part of the address is too long.", SEE_API),
});
