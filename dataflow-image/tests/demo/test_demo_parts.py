from __future__ import annotations

import numpy as np
import pytest

import dataflow_core as df

pytest.importorskip("typer")

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow_image import decode_image
from dataflow_image.demo.contact_sheet import Strip, contact_sheet
from dataflow_image.demo.crops import JPEGCrops
from dataflow_image.demo.delivery import check_delivery
from dataflow_image.demo.epoch import run_epoch
from dataflow_image.demo.errors import DemoError

sizes = st.integers(1, 200)


class TestDelivery:
    @settings(deadline=None)
    @given(sizes.flatmap(lambda size: st.permutations(range(size))))
    def test_any_order_is_fine(self, ids: list[int]) -> None:
        check_delivery(ids, len(ids), epoch=0)

    @settings(deadline=None)
    @given(sizes, st.data())
    def test_a_missing_image_is_named(self, size: int, data: st.DataObject) -> None:
        lost = data.draw(st.integers(0, size - 1))
        with pytest.raises(DemoError, match=rf"epoch 3: images are missing: {lost}$"):
            check_delivery([number for number in range(size) if number != lost], size, epoch=3)

    @settings(deadline=None)
    @given(sizes, st.data())
    def test_a_second_copy_is_named(self, size: int, data: st.DataObject) -> None:
        again = data.draw(st.integers(0, size - 1))
        with pytest.raises(DemoError, match=rf": came again: {again}$"):
            check_delivery([*range(size), again], size, epoch=0)

    def test_what_nobody_sent_is_named(self) -> None:
        with pytest.raises(DemoError, match=r"were never sent: -1, 3$"):
            check_delivery([0, 1, 2, 3, -1], 3, epoch=0)

    def test_a_long_list_is_cut(self) -> None:
        with pytest.raises(DemoError, match=r"missing: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 90 more$"):
            check_delivery([], 100, epoch=0)


class TestEpoch:
    def batches(self, ids: list[int]) -> df.DataFlow:
        images = [np.full((2, 2, 3), number, np.uint8) for number in ids]
        flow = df.DataFromList([list(dp) for dp in zip(images, ids)], shuffle=False)
        return flow.batch(2, remainder=True)

    def test_images_are_kept_by_their_ids(self) -> None:
        epoch = run_epoch(self.batches([4, 2, 0, 1, 3]), 0, 5, keep=[0, 3], progress=False)
        assert epoch.images_per_s > 0
        assert {number: image[0, 0, 0] for number, image in epoch.kept.items()} == {0: 0, 3: 3}

    def test_a_lost_image_ends_the_demo(self) -> None:
        with pytest.raises(DemoError, match="missing: 1"):
            run_epoch(self.batches([2, 0]), 0, 3, keep=[], progress=False)


class TestCrops:
    def crops(self, seed: int) -> JPEGCrops:
        photographs = [
            np.random.default_rng(i).integers(0, 255, (300, 250 + 300 * i, 3), np.uint8)
            for i in range(2)
        ]
        return JPEGCrops(photographs, size=6, seed=seed)

    def test_are_the_same_in_every_epoch_and_for_every_seed_of_the_flow(self) -> None:
        flow = self.crops(seed=1)
        flow.reset_state(1)
        first, second = list(flow), list(flow)
        flow.reset_state(2)
        assert first == second == list(flow)

    def test_differ_by_their_own_seed(self) -> None:
        assert [dp[0] for dp in self.crops(1)] != [dp[0] for dp in self.crops(2)]

    def test_are_whole_jpegs_numbered_from_0_and_fit_into_their_photograph(self) -> None:
        datapoints = list(self.crops(seed=3))
        assert [number for _, number in datapoints] == list(range(6))
        for jpeg, number in datapoints:
            h, w = decode_image(jpeg).shape[:2]
            assert 220 <= h <= 300
            assert 220 <= w <= (250, 480)[number % 2]


class TestContactSheet:
    def strip(self, value: int) -> Strip:
        tall, wide = (np.full(shape, value, np.uint8) for shape in ((90, 40, 3), (500, 700, 3)))
        return Strip(tall, [wide, wide])

    @pytest.mark.parametrize("count", [1, 2, 3, 12])
    def test_every_image_is_on_it(self, count: int) -> None:
        values = [10 * number + 7 for number in range(count)]
        sheet = contact_sheet([self.strip(v) for v in values], ["original", "a", "b"], "title")
        for value in values:
            # Wide ones fill the square's width, so two of them and a tall one are this much.
            pixels = int((sheet == value).all(axis=2).sum())
            assert pixels >= 2 * 168 * 120 + 168 * 75

    def test_images_are_not_changed(self) -> None:
        strip = self.strip(50)
        contact_sheet([strip], ["original", "a", "b"], "title")
        assert (strip.original == 50).all()
