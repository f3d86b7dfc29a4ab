"""Folders of files as flows, and flows of files as folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from tqdm import tqdm

from dataflow_core.flow import DataFlow, Datapoint, IndexedDataFlow
from dataflow_lmdb.errors import FolderError
from dataflow_lmdb.location import PathLike


class FilesInFolder(IndexedDataFlow):
    """The files below a folder: datapoints [name, content].

    A name is a str, relative to the folder, with forward slashes; a content is bytes. Hidden files
    and folders are left out. Order: of the names. Crosses processes: the names.

    Args:
        root: the folder.

    Raises:
        FolderError: if there is no such folder, or it has no files.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> _ = (root / "a.txt").write_bytes(b"A")
        >>> list(FilesInFolder(root))
        [['a.txt', b'A']]
    """

    def __init__(self, root: PathLike) -> None:
        super().__init__(shuffle=False)
        self._root = Path(root).absolute()
        if not self._root.is_dir():
            raise FolderError(f"there is no folder {str(root)!r}", path=str(root))
        self._names = sorted(_names_below(self._root))
        if not self._names:
            raise FolderError(f"there are no files in {str(root)!r}", path=str(root))

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int, /) -> Datapoint:
        name = self._names[index]
        return [name, (self._root / name).read_bytes()]

    def _params(self) -> Mapping[str, object]:
        return {"*root": repr(str(self._root)), **super()._params()}

    def _fingerprint_params(self) -> Mapping[str, object]:
        # The same files may lie elsewhere on the machine where a job goes on.
        return super()._params()


def write_folder(
    df: DataFlow, root: PathLike, *, resume: bool = False, progress: bool = True
) -> int:
    """Write one epoch of [name, content] as files below a folder.

    A file has its name only when it is complete. Names that lead out of the folder are refused.

    Args:
        df: names as of FilesInFolder, or as bytes of UTF-8; contents as bytes.
        root: the folder; made if it is not there, but not its parents.
        resume: leave files that are there already as they are; otherwise the folder must be empty.
        progress: whether to show a progress bar.

    Returns:
        How many datapoints there were.

    Raises:
        FolderError: if the folder is not empty and `resume` is False, a datapoint is no name and
            content, or two have one name.
        OSError: if a file cannot be written.
    """
    folder = Path(root).absolute()
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{str(root)!r} is a file, no folder", path=str(root))
    if folder.is_dir() and any(folder.iterdir()) and not resume:
        raise FolderError(
            f"{str(root)!r} is not empty, and nothing is overwritten: choose another folder, or"
            " resume what was broken off",
            path=str(root),
        )
    written: set[str] = set()
    with tqdm(unit="dp", disable=not progress) as bar, df:
        for dp in df:
            name, content = _name_and_content(dp, str(root))
            folder.mkdir(exist_ok=True)  # not before there is something to be written
            if name in written:
                raise FolderError(f"two datapoints have the name {name!r}", path=str(root))
            written.add(name)
            if not (resume and (folder / name).is_file()):
                _write_whole(folder / name, content)
            bar.update()
    folder.mkdir(exist_ok=True)
    return len(written)


def _names_below(root: Path) -> list[str]:
    names = []
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        below = Path(folder).relative_to(root)
        names += [(below / name).as_posix() for name in files if not name.startswith(".")]
    return names


def _name_and_content(dp: Any, path: str) -> tuple[str, bytes]:
    match dp:
        case [str() | bytes() as name, bytes() as content]:
            try:
                text = name if isinstance(name, str) else name.decode()
            except UnicodeDecodeError as error:
                raise FolderError(f"{name!r} is no name of a file: {error}", path=path) from error
        case _:
            raise FolderError(
                f"{path!r} is to be a folder of files, whose datapoints are [name, content], a str"
                f" and bytes; got {_described(dp)}. A path that ends in .lmdb or .mdb is an LMDB",
                path=path,
            )
    parts = PurePosixPath(text).parts
    # A name may come from anywhere, and must not lead out of the folder, on any system.
    leads_out = ".." in parts or PurePosixPath(text).is_absolute() or PureWindowsPath(text).anchor
    if not parts or leads_out or "\\" in text or "\0" in text:
        raise FolderError(f"{text!r} is no name of a file below a folder", path=path)
    return str(PurePosixPath(text)), content


def _described(dp: Any) -> str:
    if not isinstance(dp, (list, tuple)):
        return type(dp).__name__
    return f"{type(dp).__name__} of {', '.join(type(part).__name__ for part in dp)}"


def _write_whole(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        # In an empty folder, this is what file systems do that ignore case.
        raise FolderError(f"there are two names for the file {str(file)!r}", path=str(file))
    # Hidden, so that it is none of the folder's files until it has its name.
    partial = file.with_name(f".{file.name}.partial")
    partial.write_bytes(content)
    partial.replace(file)
