import { hostileInput } from "../contracts/hostile-input.js";

hostileInput("commands", 1_500);
