"""The catalogue of what dataflow-image offers: a page, and a picture for each name on it.

Names come from the registry, words from docstrings, pictures from running the code that stands
beside them over a photograph. Run `python -m catalogue` in the folder `docs`.
"""
