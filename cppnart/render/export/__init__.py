"""Pictures as something that runs elsewhere: pages, shaders, ONNX models, programs.

``api.export`` is the function for users, found here too.
"""

from cppnart.render.export.api import Exported, export

__all__ = ["Exported", "export"]
