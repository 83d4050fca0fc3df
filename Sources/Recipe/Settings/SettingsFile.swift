import Foundation

/// The text of a file that a person wrote.
enum SettingsFile {
    /// One byte more than allowed is read: that tells a file that is too large from one that just fits.
    static func text(path: String, bytesMax: Int) throws(RecipeError) -> String {
        let content: [UInt8]
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            content = Array(try handle.read(upToCount: bytesMax + 1) ?? Data())
        } catch {
            throw RecipeError(file: path, "cannot be read: \(reason(error))")
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw RecipeError(file: path, "not UTF-8 text")
        }
        return text
    }

    /// The system's words for why a file could not be used.
    static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        let code = [underlying, error as NSError].compactMap(\.self).first {
            $0.domain == NSPOSIXErrorDomain
        }?.code
        return code.map { String(cString: strerror(CInt($0))) } ?? shown(error.localizedDescription)
    }
}
