import Foundation
import Recipe

/// The resolved recipe that a run keeps in its folder.
enum RunRecipe {
    static func path(ofRun folder: String) -> String { "\(folder)/recipe.yaml" }

    /// The recipe that lies beside a checkpoint's run.
    static func path(ofCheckpoint folder: String) -> String {
        let url = URL(filePath: folder).standardizedFileURL
        return path(ofRun: url.deletingLastPathComponent().deletingLastPathComponent().path)
    }

    static func network(of folder: String) throws(RecipeError) -> String {
        try Recipe(path: path(ofRun: folder)).network
    }
}
