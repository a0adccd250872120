"""`cppnart fit`: the table of signals that fields are fitted to."""

from cppnart.cli.lazy import Entry, LazyGroup

group = LazyGroup(
    {
        "Signals": {
            "image": Entry("cppnart.cli.fit_image", "A picture, of any size and kind."),
            "gradients": Entry("cppnart.cli.fit_gradients", "A picture, from its slopes alone."),
            "audio": Entry("cppnart.cli.fit_audio", "A sound, of any rate and channels."),
            "shape": Entry("cppnart.cli.fit_shape", "A solid: a mesh, or points on a surface."),
            "shapes": Entry("cppnart.cli.fit_shapes", "A family of solids, and what lies between."),
            "texture": Entry("cppnart.cli.fit_texture", "The colours of a mesh."),
            "textures": Entry("cppnart.cli.fit_textures", "The colours of several meshes."),
            "scene": Entry("cppnart.cli.fit_scene", "Photographs, to be seen from anywhere."),
            "feature": Entry("cppnart.cli.fit_feature", "What a network looks for in pictures."),
            "upscaler": Entry("cppnart.cli.fit_upscaler", "Photographs, to make others larger."),
        }
    },
    name="fit",
    help="Fit a field to a signal.",
)
