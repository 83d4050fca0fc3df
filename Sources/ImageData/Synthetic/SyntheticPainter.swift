/// Paints one picture: a textured ground, small strokes, one textured shape, noise. Place, size, rotation,
/// colours, textures and noise are drawn independently of the class, so that only the outline tells it.
struct SyntheticPainter {
    typealias Colour = SyntheticTexture.Colour

    static let side = 32
    static let area = side * side

    private var random: QuickRandom
    /// Light, plane after plane.
    private let light: UnsafeMutablePointer<Float>

    /// Paints a picture of class `shape` as 3 · 32 · 32 bytes, plane after plane.
    static func paint(_ shape: SyntheticShape, _ random: QuickRandom, into bytes: UnsafeMutablePointer<UInt8>)
    {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * area) { light in
            light.initialize(repeating: 0)
            var painter = SyntheticPainter(random: random, light: light.baseAddress!)
            let colours = painter.contrastingColours()
            painter.fillGround(SyntheticTexture(mean: colours.ground, random: &painter.random))
            painter.scatterClutter()
            painter.draw(shape, SyntheticTexture(mean: colours.shape, random: &painter.random))
            painter.finish(bytes)
        }
    }

    private mutating func colour(_ low: Float, _ high: Float) -> Colour {
        (random.uniform(low, high), random.uniform(low, high), random.uniform(low, high))
    }

    /// Colours of ground and shape, far enough apart: drawn again until they are, or black and white after 64
    /// tries.
    private mutating func contrastingColours() -> (ground: Colour, shape: Colour) {
        let least = SyntheticDifficulty.contrastMin
        let isLighter = random.uniform() < SyntheticDifficulty.lighterShare
        for _ in 0..<64 {
            let dark = colour(0.1, 0.9)
            let light = colour(0.1, 0.9)
            let red = light.red - dark.red
            let green = light.green - dark.green
            let blue = light.blue - dark.blue
            let isFar = red * red + green * green + blue * blue >= least * least
            if isFar && (red + green + blue) / 3 >= least / 2 {
                return isLighter ? (dark, light) : (light, dark)
            }
        }
        let black: Colour = (0.2, 0.2, 0.2)
        let white: Colour = (0.8, 0.8, 0.8)
        return isLighter ? (black, white) : (white, black)
    }

    private func fillGround(_ texture: SyntheticTexture) {
        for row in 0..<Self.side {
            for column in 0..<Self.side {
                set(row * Self.side + column, texture, Float(column), Float(row), share: 1)
            }
        }
    }

    /// Blends the texture's colour at (x, y) into pixel `index`.
    private func set(_ index: Int, _ texture: SyntheticTexture, _ x: Float, _ y: Float, share: Float) {
        let t = texture.value(x, y)
        let rest = 1 - share
        light[index] = rest * light[index] + share * (texture.mean.red + t * texture.contrast.red)
        let green = index + Self.area
        light[green] = rest * light[green] + share * (texture.mean.green + t * texture.contrast.green)
        let blue = green + Self.area
        light[blue] = rest * light[blue] + share * (texture.mean.blue + t * texture.contrast.blue)
    }

    /// Strokes of random colours, lengths and directions.
    private mutating func scatterClutter() {
        let range = SyntheticDifficulty.clutter
        let count = range.lowerBound + random.integer(below: range.count)
        for _ in 0..<count {
            let colour = colour(0, 1)
            let half = random.uniform(SyntheticDifficulty.clutterLength) / 2
            let width = random.uniform(SyntheticDifficulty.clutterWidth)
            let direction = random.direction()
            let x0 = random.uniform(0, Float(Self.side))
            let y0 = random.uniform(0, Float(Self.side))
            let (rows, columns) = box(x0, y0, half + width + 1)
            for row in rows {
                for column in columns {
                    let x = Float(column) + 0.5 - x0
                    let y = Float(row) + 0.5 - y0
                    let along = max(-half, min(half, x * direction.x + y * direction.y))
                    let dx = x - along * direction.x
                    let dy = y - along * direction.y
                    let share = max(0, min(1, width + 0.5 - (dx * dx + dy * dy).squareRoot()))
                    if share > 0 { blend(row * Self.side + column, colour, share) }
                }
            }
        }
    }

    private func blend(_ index: Int, _ colour: Colour, _ share: Float) {
        light[index] += share * (colour.red - light[index])
        let green = index + Self.area
        light[green] += share * (colour.green - light[green])
        let blue = green + Self.area
        light[blue] += share * (colour.blue - light[blue])
    }

    /// Draws the shape at a random place, size, rotation and aspect, its edge one pixel soft.
    private mutating func draw(_ shape: SyntheticShape, _ texture: SyntheticTexture) {
        let radius = random.uniform(SyntheticDifficulty.radius)
        let stretch = random.uniform(SyntheticDifficulty.aspect).squareRoot()
        let turn = random.direction()
        let margin = radius * (1 - SyntheticDifficulty.overhang)
        let x0 = random.uniform(margin, Float(Self.side) - margin)
        let y0 = random.uniform(margin, Float(Self.side) - margin)
        let (rows, columns) = box(x0, y0, 1.35 * radius + 1)
        for row in rows {
            for column in columns {
                let x = (Float(column) + 0.5 - x0) / radius
                let y = (Float(row) + 0.5 - y0) / radius
                let distance = shape.distance(
                    (x * turn.x + y * turn.y) * stretch, (y * turn.x - x * turn.y) / stretch)
                let share = max(0, min(1, 0.5 - distance * radius))
                if share > 0 {
                    set(row * Self.side + column, texture, Float(column), Float(row), share: share)
                }
            }
        }
    }

    /// Pixels within `reach` of a point, inside the picture.
    private func box(_ x: Float, _ y: Float, _ reach: Float) -> (rows: Range<Int>, columns: Range<Int>) {
        func span(_ centre: Float) -> Range<Int> {
            let low = min(Self.side, max(0, Int(centre - reach)))
            return low..<max(low, min(Self.side, Int(centre + reach) + 1))
        }
        return (span(y), span(x))
    }

    /// Adds noise and rounds to bytes.
    private mutating func finish(_ bytes: UnsafeMutablePointer<UInt8>) {
        let noise = random.uniform(SyntheticDifficulty.noise) * 2 * 255 / 65536
        for pixel in 0..<Self.area {
            let bits = random.bits()
            for plane in 0..<3 {
                let draw = Float(bits >> UInt64(16 * plane) & 0xFFFF) - 32767.5
                let value = light[plane * Self.area + pixel] * 255 + draw * noise + 0.5
                bytes[plane * Self.area + pixel] = UInt8(max(0, min(255, value)))
            }
        }
    }
}
