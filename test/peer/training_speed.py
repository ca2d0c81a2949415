"""Steps of training the students of Retort in PyTorch, for test/peer/training-speed.ts: one for each line on stdin, its loss and seconds on stdout."""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def load_file(path):
    """The tensors of a safetensors file of float32."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        body = bytearray(file.read())
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    return {
        name: torch.frombuffer(body, dtype=torch.float32, count=(to - start) // 4, offset=start).reshape(entry["shape"])
        for name, entry in entries.items()
        for start, to in [entry["data_offsets"]]
    }


def resized(first, into, out, side, up, down):
    if up:
        return nn.ConvTranspose2d(into, out, 2, 2, bias=False)
    if first == "shortcut":
        return nn.Conv2d(into, out, 1, 2 if down else 1, bias=False)
    return nn.Conv2d(into, out, side, 2 if down else 1, side // 2, bias=False)


class Basic(nn.Module):
    """A residual block of RD4AD: as in a ResNet, halving or doubling height and width, or neither."""

    def __init__(self, into, out, up=False, down=False):
        super().__init__()
        self.conv1, self.bn1 = resized("main", into, out, 3, up, down), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        changed = up or down or into != out
        shortcut = nn.Sequential(resized("shortcut", into, out, 1, up, down), nn.BatchNorm2d(out)) if changed else None
        self.name = "upsample" if up else "downsample"
        setattr(self, self.name, shortcut)

    def forward(self, x):
        shortcut = getattr(self, self.name)
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + (x if shortcut is None else shortcut(x)))


def stage(into, out, depth, up=False, down=False):
    return nn.Sequential(*[Basic(into if i == 0 else out, out, up and i == 0, down and i == 0) for i in range(depth)])


class ResidualBottleneck(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        a, b, c = channels
        self.conv1, self.bn1 = nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b)
        self.conv2, self.bn2 = nn.Conv2d(b, c, 3, 2, 1, bias=False), nn.BatchNorm2d(c)
        self.conv3, self.bn3 = nn.Conv2d(b, c, 3, 2, 1, bias=False), nn.BatchNorm2d(c)
        self.bn_layer = stage(3 * c, 2 * c, depth, down=True)

    def forward(self, fine, middle, coarse):
        x = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(fine))))))
        return self.bn_layer(torch.cat([x, F.relu(self.bn3(self.conv3(middle))), coarse], 1))


class ResidualDecoder(nn.Module):
    def __init__(self, channels, depths, signed):
        super().__init__()
        a, b, c = channels
        self.layer1 = stage(2 * c, c, depths[0], up=True)
        self.layer2 = stage(c, b, depths[1], up=True)
        self.layer3 = stage(b, a, depths[2], up=True)
        for index, out in enumerate((c, b, a), 1):
            setattr(self, f"head{index}", nn.Conv2d(out, out, 1) if signed else nn.Identity())

    def forward(self, x):
        coarse = self.layer1(x)
        middle = self.layer2(coarse)
        fine = self.layer3(middle)
        return self.head3(fine), self.head2(middle), self.head1(coarse)


class ChannelNorm(nn.LayerNorm):
    def __init__(self, channels):
        super().__init__(channels, eps=1e-6)

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Turned(nn.Module):
    def __init__(self, order):
        super().__init__()
        self.order = order

    def forward(self, x):
        return x.permute(*self.order)


class ConvNextBlock(nn.Module):
    """torchvision's CNBlock."""

    def __init__(self, channels):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(channels, channels, 7, padding=3, groups=channels),
            Turned((0, 2, 3, 1)),
            nn.LayerNorm(channels, eps=1e-6),
            nn.Linear(channels, 4 * channels),
            nn.GELU(),
            nn.Linear(4 * channels, channels),
            Turned((0, 3, 1, 2)),
        )
        self.layer_scale = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x):
        return x + self.layer_scale * self.block(x)


def halved(into, out):
    return nn.Sequential(ChannelNorm(into), nn.Conv2d(into, out, 2, 2))


class MirroredBottleneck(nn.Module):
    def __init__(self, channels, depth):
        super().__init__()
        a, b, c = channels
        self.downsample1, self.downsample2 = halved(a, b), halved(b, c)
        self.downsample3, self.downsample4 = halved(b, c), halved(3 * c, 2 * c)
        self.layer = nn.Sequential(*[ConvNextBlock(2 * c) for _ in range(depth)])

    def forward(self, fine, middle, coarse):
        joined = torch.cat([self.downsample2(self.downsample1(fine)), self.downsample3(middle), coarse], 1)
        return self.layer(self.downsample4(joined))


class Enlarged(nn.Module):
    def __init__(self, into, out, depth):
        super().__init__()
        self.upsample = nn.Sequential(ChannelNorm(into), nn.ConvTranspose2d(into, out, 2, 2))
        self.depth = depth
        for index in range(depth):
            self.add_module(str(index), ConvNextBlock(out))

    def forward(self, x):
        x = self.upsample(x)
        for index in range(self.depth):
            x = getattr(self, str(index))(x)
        return x


class MirroredDecoder(nn.Module):
    def __init__(self, channels, depths):
        super().__init__()
        a, b, c = channels
        self.layer1 = Enlarged(2 * c, c, depths[2])
        self.layer2 = Enlarged(c, b, depths[1])
        self.layer3 = Enlarged(b, a, depths[0])

    def forward(self, x):
        coarse = self.layer1(x)
        middle = self.layer2(coarse)
        return self.layer3(middle), middle, coarse


class Student(nn.Module):
    def __init__(self, channels, design):
        super().__init__()
        if design["kind"] == "mirrored":
            self.bn = MirroredBottleneck(channels, design["depths"][3])
            self.decoder = MirroredDecoder(channels, design["depths"])
        else:
            self.bn = ResidualBottleneck(channels, design["embeddingDepth"])
            self.decoder = ResidualDecoder(channels, design["depths"], design["signed"])

    def forward(self, maps):
        return self.decoder(self.bn(*maps))


def main():
    spec = json.load(open(sys.argv[1]))
    torch.set_num_threads(spec["threads"])
    student = Student(spec["channels"], spec["student"])
    missing, unexpected = student.load_state_dict(load_file(spec["weights"]), strict=False)
    wrong = [name for name in missing if not name.endswith("num_batches_tracked")] + unexpected
    if wrong:
        sys.exit(f"not the same network: {wrong}")
    features = load_file(spec["features"])
    maps = [features[f"f{index}"] for index in (1, 2, 3)]
    adam = torch.optim.Adam(student.parameters(), lr=0.005, betas=(0.5, 0.999))
    student.train()
    for _ in sys.stdin:
        began = time.perf_counter()
        restored = student(maps)
        loss = sum(
            (1 - F.cosine_similarity(a.flatten(1), b.flatten(1))).mean() for a, b in zip(maps, restored, strict=True)
        )
        adam.zero_grad()
        loss.backward()
        adam.step()
        print(json.dumps({"loss": loss.item(), "seconds": time.perf_counter() - began}), flush=True)


main()
