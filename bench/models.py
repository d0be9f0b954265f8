"""The models of the benchmark, in plain PyTorch. ResNet-18 and MobileNet-V2 have torchvision's architecture,
module names and parameter shapes, so that a state dict serves both."""

import torch
from torch import nn

#: Input size and number of classes of each model, at the benchmark's batch size.
INPUTS = {
    "digits": ((64, 1, 28, 28), 10),
    "resnet18": ((8, 3, 64, 64), 1000),
    "mobilenet_v2": ((8, 3, 64, 64), 1000),
    "transformer": ((16, 64), 64),
}


def digits():
    """Two conv-bn-relu-pool blocks and a linear head, for 28x28 images."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 10),
    )


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or channels_in != channels:
            shortcut = nn.Conv2d(channels_in, channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(channels))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + shortcut)


class ResNet18(nn.Module):
    """Deep Residual Learning for Image Recognition (He et al., 2015), 18 layers."""

    def __init__(self, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(BasicBlock(64, 64, 1), BasicBlock(64, 64, 1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128, 1))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256, 1))
        self.layer4 = nn.Sequential(BasicBlock(256, 512, 2), BasicBlock(512, 512, 1))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        y = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        y = self.layer4(self.layer3(self.layer2(self.layer1(y))))
        return self.fc(torch.flatten(self.avgpool(y), 1))


def conv_bn_relu6(channels_in, channels, kernel, stride=1, groups=1):
    conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    """Expand, convolve depthwise, project; with a shortcut where the shape stays."""

    def __init__(self, channels_in, channels, stride, expansion):
        super().__init__()
        hidden = channels_in * expansion
        expand = [conv_bn_relu6(channels_in, hidden, 1)] if expansion != 1 else []
        depthwise = conv_bn_relu6(hidden, hidden, 3, stride, groups=hidden)
        project = nn.Conv2d(hidden, channels, 1, bias=False)
        self.conv = nn.Sequential(*expand, depthwise, project, nn.BatchNorm2d(channels))
        self.shortcut = stride == 1 and channels_in == channels

    def forward(self, x):
        return x + self.conv(x) if self.shortcut else self.conv(x)


class MobileNetV2(nn.Module):
    """MobileNetV2: Inverted Residuals and Linear Bottlenecks (Sandler et al., 2018), width 1."""

    #: Expansion, channels, repeats and first stride of each stage: table 2 of the paper.
    STAGES = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )

    def __init__(self, classes=1000):
        super().__init__()
        features, width = [conv_bn_relu6(3, 32, 3, 2)], 32
        for expansion, channels, repeats, stride in self.STAGES:
            for index in range(repeats):
                features.append(InvertedResidual(width, channels, stride if index == 0 else 1, expansion))
                width = channels
        features.append(conv_bn_relu6(width, 1280, 1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x):
        y = nn.functional.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(torch.flatten(y, 1))


class CausalAttention(nn.Module):
    """Attention of each character to those before it."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)

    def forward(self, x):
        parts = self.project(x).chunk(3, 2)
        query, key, value = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in parts)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.merge(torch.flatten(mixed.transpose(1, 2), 2))


class Block(nn.Module):
    """Attention and two linear layers, each beside a shortcut and after a normalization."""

    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = CausalAttention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.feedForward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        attended = x + self.attention(self.norm1(x))
        return attended + self.feedForward(self.norm2(attended))


class CharacterTransformer(nn.Module):
    """Says what comes next: characters [N, context] give logits [N, context, characters]."""

    def __init__(self, characters=64, context=64, width=64, heads=4, blocks=2):
        super().__init__()
        self.embedding = nn.Embedding(characters, width)
        self.positions = nn.Parameter(torch.zeros(context, width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, characters)

    def forward(self, characters):
        x = self.embedding(characters) + self.positions
        return self.head(self.norm(self.blocks(x)))


BUILDERS = {
    "digits": digits,
    "resnet18": ResNet18,
    "mobilenet_v2": MobileNetV2,
    "transformer": CharacterTransformer,
}


def build(name):
    """The model with seeded weights."""
    torch.manual_seed(0)
    return BUILDERS[name]()


def batch(name):
    """A seeded batch: normal images with labels, or characters with those that come next."""
    generator = torch.Generator().manual_seed(1)
    shape, classes = INPUTS[name]
    if name == "transformer":
        characters = torch.randint(0, classes, shape, generator=generator)
        return characters, torch.randint(0, classes, shape, generator=generator)
    images = torch.randn(shape, generator=generator)
    return images, torch.randint(0, classes, (shape[0],), generator=generator)
