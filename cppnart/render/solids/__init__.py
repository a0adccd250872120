"""Pictures of solids, straight from their fields: rays, light, and what a solid is made of."""
