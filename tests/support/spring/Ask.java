/** Asks the controller of the example as Spring would: prints its status, and the permit if there is one. */
public final class Ask {
    public static void main(String[] arguments) throws Exception {
        String user = arguments[0];
        var answer = new PermitController().permit(arguments[1], user.isEmpty() ? null : () -> user);
        System.out.println(answer.status().value + " " + (answer.body() == null ? "" : answer.body().get("permit")));
    }
}
