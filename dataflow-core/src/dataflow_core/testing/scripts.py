"""Programs for `process_programs`; BACKEND stands for the name of the backend in quotes."""

from __future__ import annotations

OATH = """
import numpy as np
from dataflow_core import BatchData, DataFlow, MapData, ParallelData, RNGDataFlow

class MyDataFlow(RNGDataFlow):
    def get_data(self):
        for number in range(20):
            yield [self.rng.random((64, 64)), number]

class Scale:
    def __init__(self, factor):
        self.factor = factor
    def __call__(self, dp):
        return [dp[0] * self.factor, helper(dp[1])]

def helper(number):
    return number * FACTOR

FACTOR = 3
df = MyDataFlow()
df = MapData(df, Scale(2))
df = MapData(df, lambda dp: [dp[0], dp[1] + 1])
df = BatchData(df, 4)
sequential = df
df = ParallelData(df, 3, backend=BACKEND)
df.reset_state(7)
labels = [batch[1].tolist() for batch in df.get_data()]
images = [batch[0] for batch in df]
assert all(image.nbytes > 1 << 16 for image in images)
sequential.reset_state(7)
list(sequential)
assert all(np.array_equal(a, b[0]) for a, b in zip(images, sequential))
print(labels)
"""
LABELS = str([[3 * i + 1 for i in range(start, start + 4)] for start in range(0, 20, 4)])

READS = """
    import sys
    import dataflow_core as df
    flow = df.DataFromList([[1], [2]], shuffle=False).map(lambda dp: [dp, sys.stdin.read()])
    print(list(flow.parallel(1, BACKEND)), sys.stdin.read())
"""

ASSERTS = """
    import sys
    import dataflow_core as df

    def checked(dp):
        assert dp[0] > 100
        return [dp[0], sys.flags.utf8_mode]

    flow = df.DataFromList([[1], [2]], shuffle=False).map(checked)
    print(list(flow.parallel(1, BACKEND)))
"""

FORKS = """
    import gc, os, sys
    import dataflow_core as df

    def build():
        return df.DataFromList([[i] for i in range(200)], shuffle=False).map(lambda dp: dp)

    flow = build().parallel(2, BACKEND)
    reading = iter(flow)
    seen = [next(reading)]
    child = os.fork()
    if child == 0:
        own = build().parallel(1, BACKEND)
        fine = len(list(own)) == 200
        own.close()
        if {how!r} == "goes on":
            try:
                list(reading)
            except df.ParallelError as error:
                fine = fine and "begun in another process" in str(error)
            else:
                fine = False
        if {how!r} == "collects":
            del flow, reading
            gc.collect()
        if {how!r} == "exits at once":
            os._exit(0)
        sys.exit(0 if fine else 1)
    _, status = os.waitpid(child, 0)
    seen += reading
    print(status, seen == [[i] for i in range(200)])
"""

MAINS = """
    import collections, dataclasses, enum
    import numpy as np
    from dataflow_core import DataFromGenerator, DataFromList

    Sample = collections.namedtuple("Sample", "image label")

    class Kind(enum.Enum):
        A = 1

    @dataclasses.dataclass
    class Point:
        x: int

    class Row(list):
        pass

    def function(value):
        return value

    class Image(np.ndarray):
        pass

    def there_and_back(flow):
        with flow.parallel(2, BACKEND) as parallel:
            return list(parallel)

    made = there_and_back(DataFromList([Sample(1, 2)], False).map(lambda s: s._replace(label=3)))
    assert made == [Sample(1, 3)] and type(made[0]) is Sample, made
    image = np.zeros((200, 200)).view(Image)
    for value in (Kind.A, Kind, Point(3), Row([1]), function, image, Sample(image, 1)):
        ((came,),) = there_and_back(DataFromList([[value]], False).map(lambda dp: dp))
        assert type(came) is type(value), (came, value)
        if isinstance(value, Kind | type):
            assert came is value
    points = DataFromGenerator(lambda: ([Point(i)] for i in range(9)))
    moved = there_and_back(points.map(lambda dp: [Point(dp[0].x + 1)]))
    assert moved == [[Point(i + 1)] for i in range(9)], moved
    print("all came back")
"""

SPELLBOUND = """
    import os, re
    import dataflow_core as df

    def holds_the_interpreter(dp):
        os.write(1, b"%d\\n" % os.getpid())
        re.match(r"(a+)+$", "a" * 60 + "b")

    flow = df.DataFromList([[i] for i in range(9)], shuffle=False).map(holds_the_interpreter)
    list(flow.parallel(2, BACKEND))
"""

VICTIM = """
    import os, sys, time
    import dataflow_core as df

    def slow(dp):
        os.write(1, b"%d\\n" % os.getpid())
        time.sleep(600)

    flow = df.DataFromList([[i] for i in range(9)], shuffle=False).map(slow).parallel(2, BACKEND)
    list(flow)
"""

INTERRUPTED = """
    import os, time
    import numpy as np
    import dataflow_core as df

    def slow(dp):
        os.write(1, b"%d\\n" % os.getpid())
        time.sleep(600)

    flow = df.DataFromList([[i] for i in range(9)], shuffle=False).map(slow)
    flow = flow.parallel(2, BACKEND)
    try:
        list(flow)
    finally:
        flow.close()
"""

CAUGHT = """
    import os, signal, threading
    import numpy as np
    import dataflow_core as df

    def image(dp):
        return [dp[0], np.full((200, 200), dp[0] % 256, np.uint8)]

    flow = df.DataFromList([[i] for i in range(400)], shuffle=False).map(image).batch(4)
    flow = flow.parallel(2, BACKEND)
    main = threading.main_thread().ident
    caught = 0
    for delay in (0.0, 0.001, 0.003, 0.01, 0.02, 0.05):
        timer = threading.Timer(delay, signal.pthread_kill, (main, signal.SIGINT))
        try:
            for labels, _ in flow:
                if labels[0] == 0:
                    timer.start()
            timer.join()
        except KeyboardInterrupt:
            caught += 1
    fine = [int(n) for labels, _ in flow for n in labels] == list(range(400))
    flow.close()
    print(fine, caught > 0)
"""

NESTED = """
    import numpy as np
    import dataflow_core as df

    def inner(dp):
        flow = df.DataFromList([[dp[0] * 10 + i] for i in range(3)], shuffle=False)
        flow = flow.map(lambda one: [one[0] + 1, np.full((200, 200), one[0], np.uint8)]).batch(3)
        with flow.parallel(2, BACKEND) as parallel:
            ((numbers, images),) = parallel
        assert [int(n) - 1 for n in numbers] == images[:, 7, 7].tolist()
        return [int(numbers.sum()), images]

    flow = df.DataFromList([[i] for i in range(4)], shuffle=False).map(inner).batch(2)
    with flow.parallel(2, BACKEND) as parallel:
        kept = list(parallel)
    print([batch[0].tolist() for batch in kept], [b[1][:, :, 0, 0].tolist() for b in kept])
"""

SCALE = """
FACTOR = 3
def scale(dp):
    return [dp[0] * FACTOR, np.full((200, 200), dp[0], np.uint8)]
class Add:
    def __call__(self, dp):
        return [dp[0] + 1, dp[1]]
flow = df.DataFromList([[i] for i in range(8)], shuffle=False).map(scale).map(Add())
flow = flow.map(lambda dp: dp).batch(4).parallel(2, BACKEND)
"""

CHANGED = """
FACTOR = 5
again = df.DataFromList([[1]], shuffle=False).map(scale).parallel(1, BACKEND)
print(next(iter(again))[0])
"""

CELLS = [
    "import dataflow_core as df, numpy as np",
    SCALE,
    "print([batch[0].tolist() for batch in flow])",
    CHANGED,
    "reading = iter(flow); next(reading); None",
]

CHILD = """
import multiprocessing
from dataflow_core import DataFromList

class Point(list):
    pass

def double(dp):
    return Point([2 * dp[0]])

def train():
    numbers = DataFromList([[number] for number in range(5)], shuffle=False)
    with numbers.map(double).map(lambda dp: Point(dp)).parallel(2, BACKEND) as flow:
        print([number for (number,) in flow])

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=train)
    child.start()
    child.join()
"""
