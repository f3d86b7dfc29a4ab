"""The code whose results the catalogue shows, for every name a piece."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AUGMENTORS", "OPERATORS", "TRANSFORMS", "Sample"]


@dataclass(frozen=True)
class Sample:
    """Code that makes an augmentor, a transform or a flow.

    Attributes:
        code: a Python expression.
        needs: a package that the code needs and that does not come with ours.
    """

    code: str
    needs: str | None = None


# The photograph is 140 pixels high and 210 wide.
AUGMENTORS: dict[str, dict[str, Sample]] = {
    "Sizes and windows": {
        "resize": Sample("imgaug.Resize((70, 210))"),
        "resize_shortest_edge": Sample("imgaug.ResizeShortestEdge(90)"),
        "random_resize": Sample(
            "imgaug.RandomResize((0.4, 1.0), (0.4, 1.0), aspect_ratio_thres=0.5)"
        ),
        "random_crop": Sample("imgaug.RandomCrop((90, 130))"),
        "center_crop": Sample("imgaug.CenterCrop((90, 130))"),
        "random_crop_random_shape": Sample("imgaug.RandomCropRandomShape(wmin=80, hmin=50)"),
        "google_net_random_crop_and_resize": Sample(
            "imgaug.GoogleNetRandomCropAndResize(target_shape=140)"
        ),
        "center_paste": Sample(
            "imgaug.CenterPaste((160, 240), imgaug.ConstantBackgroundFiller((90, 140, 200)))"
        ),
        "random_paste": Sample("imgaug.RandomPaste((180, 270))"),
    },
    "Places": {
        "flip": Sample("imgaug.Flip(horiz=True)"),
        "transpose": Sample("imgaug.Transpose()"),
        "shift": Sample("imgaug.Shift(0.3, 0.3, border=cv2.BORDER_CONSTANT)"),
        "rotation": Sample("imgaug.Rotation(40)"),
        "rotation_and_crop_valid": Sample("imgaug.RotationAndCropValid(40)"),
        "affine": Sample(
            "imgaug.Affine(\n"
            "    scale=(0.7, 1.3),\n"
            "    translate_frac=(0.1, 0.1),\n"
            "    rotate_max_deg=20,\n"
            "    shear=20,\n"
            "    border=cv2.BORDER_CONSTANT,\n"
            ")"
        ),
        "gaussian_deform": Sample(
            "imgaug.GaussianDeform(\n"
            "    anchors=[(0.3, 0.3), (0.3, 0.7), (0.7, 0.3), (0.7, 0.7)],\n"
            "    shape=(140, 210),\n"
            "    sigma=0.05,\n"
            "    randrange=30,\n"
            ")"
        ),
        "random_cutout": Sample("imgaug.RandomCutout((30, 90), (30, 90), fill=127)"),
    },
    "Colours": {
        "brightness": Sample("imgaug.Brightness(80)"),
        "brightness_scale": Sample("imgaug.BrightnessScale((0.4, 1.8))"),
        "contrast": Sample("imgaug.Contrast((0.3, 2.0))"),
        "saturation": Sample("imgaug.Saturation(0.9, rgb=False)"),
        "hue": Sample("imgaug.Hue((0, 180), rgb=False)"),
        "lighting": Sample(
            "imgaug.Lighting(\n"
            "    std=0.8,\n"
            "    eigval=(55.46, 4.79, 1.15),\n"
            "    eigvec=((-0.58, -0.69, 0.42), (-0.58, 0.0, -0.81), (-0.57, 0.72, 0.40)),\n"
            ")"
        ),
        "gamma": Sample("imgaug.Gamma((-0.6, 1.0))"),
        "color_jitter": Sample("imgaug.ColorJitter(0.4, 0.4, 0.4, hue=0.1)"),
        "grayscale": Sample("imgaug.Grayscale(keepshape=True)"),
        "color_space": Sample("imgaug.ColorSpace(cv2.COLOR_BGR2RGB)"),
    },
    "Noise and blur": {
        "gaussian_blur": Sample("imgaug.GaussianBlur((0, 6))"),
        "gaussian_noise": Sample("imgaug.GaussianNoise(sigma=25)"),
        "salt_pepper_noise": Sample("imgaug.SaltPepperNoise(0.03, 0.03)"),
        "jpeg_noise": Sample("imgaug.JpegNoise((3, 30))"),
    },
    "Values and types": {
        "clip": Sample("imgaug.Clip(60, 160)"),
        "normalize": Sample("imgaug.Normalize(recipes.IMAGENET_MEAN, recipes.IMAGENET_STD)"),
        "mean_variance_normalize": Sample("imgaug.MeanVarianceNormalize()"),
        "min_max_normalize": Sample("imgaug.MinMaxNormalize(0, 1)"),
        "to_float32": Sample("imgaug.ToFloat32()"),
        "channels_first": Sample("imgaug.ChannelsFirst()"),
        "to_uint8": Sample(
            "imgaug.AugmentorList([imgaug.Normalize(mean=0, std=0.5), imgaug.ToUint8()])"
        ),
    },
    "Several, some or none": {
        "augmentor_list": Sample(
            "imgaug.AugmentorList(\n"
            "    [imgaug.RandomCrop(120), imgaug.Flip(horiz=True), imgaug.Brightness(60)]\n"
            ")"
        ),
        "random_apply_aug": Sample("imgaug.RandomApplyAug(imgaug.Rotation(30), prob=0.5)"),
        "random_choose_aug": Sample(
            "imgaug.RandomChooseAug([(imgaug.Rotation(30), 0.5), (imgaug.Hue(rgb=False), 0.5)])"
        ),
        "random_order_aug": Sample(
            "imgaug.RandomOrderAug([imgaug.Rotation(30), imgaug.RandomCutout(50, 50)])"
        ),
        "rand_augment": Sample("imgaug.RandAugment(num_ops=2, magnitude=15)"),
        "map_image": Sample("imgaug.MapImage(np.invert)"),
        "albumentations": Sample(
            "imgaug.Albumentations(albumentations.GridDistortion(distort_limit=0.6, p=1))",
            needs="albumentations",
        ),
        "identity": Sample("imgaug.Identity()"),
    },
}

TRANSFORMS: dict[str, Sample] = {
    "ResizeTransform": Sample("imgaug.ResizeTransform(140, 210, 140, 120)"),
    "CropTransform": Sample("imgaug.CropTransform(y0=20, x0=50, h=90, w=130)"),
    "FlipTransform": Sample("imgaug.FlipTransform(140, 210, horiz=True)"),
    "TransposeTransform": Sample("imgaug.TransposeTransform()"),
    "WarpAffineTransform": Sample(
        "imgaug.WarpAffineTransform([[0.9, -0.2, 30], [0.2, 0.8, -5]], dsize=(210, 140))"
    ),
    "PhotometricTransform": Sample('imgaug.PhotometricTransform(np.invert, name="Invert")'),
    "TransformList": Sample(
        "imgaug.TransformList(\n"
        "    [\n"
        "        imgaug.CropTransform(10, 30, 110, 150),\n"
        "        imgaug.FlipTransform(110, 150),\n"
        "        imgaug.ResizeTransform(110, 150, 140, 140),\n"
        "    ]\n"
        ")"
    ),
    "NoOpTransform": Sample("imgaug.NoOpTransform()"),
}

OPERATORS: dict[str, Sample] = {
    "image_folder": Sample('ImageFolder("photographs", decode=True)'),
    "image_from_file": Sample(
        'ImageFromFile(["cat.jpg", "coffee.jpg", "rocket.jpg"], channel=1, resize=(100, 150))'
    ),
    "decode_image": Sample(
        "DecodeImage(\n"
        '    ImageFolder("photographs"), augmentors=recipes.resnet_train(140), reduced=True\n'
        ")"
    ),
    "augment_image": Sample(
        'AugmentImageComponent(ImageFolder("photographs", decode=True), recipes.resnet_train(140))'
    ),
    "augment_image_coordinates": Sample(
        "AugmentImageCoordinates(\n"
        "    pointed,\n"
        "    [imgaug.Rotation(30), imgaug.Flip(horiz=True)],\n"
        '    img_index="image",\n'
        '    coords_index="points",\n'
        ")"
    ),
    "augment_images": Sample(
        "AugmentImageComponents(\n"
        "    marked,\n"
        "    [imgaug.Rotation(30), imgaug.RandomCrop((110, 150))],\n"
        '    index="image",\n'
        '    coords_index="points",\n'
        '    box_index="boxes",\n'
        '    mask_index="mask",\n'
        '    polygon_index="outlines",\n'
        ")"
    ),
    "mix_up": Sample("MixUp(photographs, alpha=1.0, num_classes=4)"),
    "cut_mix": Sample("CutMix(photographs, alpha=1.0, num_classes=4)"),
}
