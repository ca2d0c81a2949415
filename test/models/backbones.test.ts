import { RESNET_NAMES, resnet } from "../../models/network/backbones/resnet.js";
import { backboneContract } from "../contracts/backbone.js";

// Narrow: what is promised does not depend on the number of channels.
for (const name of RESNET_NAMES) backboneContract(resnet(name, 4));
