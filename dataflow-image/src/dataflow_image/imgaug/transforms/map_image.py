"""The transform behind MapImage: two functions of the user's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dataflow_core.flow import identify
from dataflow_image.imgaug.spec import Image
from dataflow_image.imgaug.transforms.transform import Coords, Transform, as_points

__all__ = ["MapTransform"]


@dataclass(frozen=True, repr=False)
class MapTransform(Transform):
    """Give the image to one function, and coordinates to another.

    Attributes:
        func: takes an image and returns a new one.
        coord_func: takes (N, 2) float points and returns them moved; None if nobody can know.
    """

    func: Callable[[Image], Image]
    coord_func: Callable[[Coords], Coords] | None = None

    def __repr__(self) -> str:
        """Return the functions' names."""
        return f"MapTransform({identify(self.func)}, coord_func={identify(self.coord_func)})"

    def apply_image(self, img: Image) -> Image:
        """Return what the function returns.

        Raises:
            TypeError: it returns None.
        """
        result = self.func(img)
        if result is None:
            raise TypeError(
                f"MapImage({identify(self.func)}) got None from its function, which must return "
                "the new image rather than write to the one it is given"
            )
        return result

    def apply_coords(self, coords: Coords) -> Coords:
        """Return what the coordinate function returns.

        Raises:
            NotImplementedError: there is none.
        """
        if self.coord_func is None:
            raise NotImplementedError(
                f"MapImage({identify(self.func)}) cannot know how coordinates move: give it "
                "coord_func=, a function from (N, 2) points to (N, 2) points"
            )
        return self.coord_func(as_points(coords))
