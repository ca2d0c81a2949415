import { hostileInput } from "../contracts/hostile-input.js";

hostileInput("weights", 600);
